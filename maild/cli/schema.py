"""`maild schema`: JSON Schema of config.toml."""

import json


def schema() -> None:
    """Print the JSON Schema of config.toml, for editors."""
    from maild.config.schema import json_schema

    print(json.dumps(json_schema(), ensure_ascii=False, indent=1))
