"""JSON Schema of config.toml, for editors."""

from typing import Any

from maild.config.settings import Settings
from maild.rules import rule_schema


def json_schema() -> dict[str, Any]:
    """The whole file's schema; rules' conditions and actions come from their signatures."""
    schema = Settings.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "maild config.toml"
    properties = schema["$defs"]["Rule"]["properties"]
    for part, described in rule_schema().items():
        properties[part] = described
    return schema
