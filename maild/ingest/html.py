"""HTML of strangers: made harmless for showing, and turned into text for reading.

The libraries are quadratic in nesting: what is too deep or too big for them is shown as its
bare text. Nothing becomes empty that had words.
"""

import re
from html import escape, unescape

import nh3

MAX_SIZE = 2_000_000  #: characters
MAX_DEPTH = 500  #: of open elements, for showing
_READABLE_DEPTH = 250  #: inscriptis gives up at 255
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})")
_VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li td tr th".split()
)
_REMOVED = ("script", "style", "head", "title", "noscript", "template")
_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "table": {"border", "cellpadding", "cellspacing"},
    "ol": {"start", "type"},
    "blockquote": {"type"},
}
_TAGS = set(
    "a abbr b big blockquote br caption center cite code col colgroup dd del details div dl dt"
    " em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre q s samp small span strike strong"
    " sub summary sup table tbody td tfoot th thead tr tt u ul var".split()
)
_SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_BLANKS = re.compile(r"[ \t\u00a0]+$", re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")
_WORDS = re.compile(r"\w")


def clean_html(html: str) -> str:
    """HTML fit to be shown: no script, style, class, form or anything fetched from elsewhere.

    Pictures stay where they came with the mail (`cid:`). Links open outside, without referrer.
    """
    if _too_much(html, MAX_DEPTH):
        return f"<pre>{escape(strip_tags(html[:MAX_SIZE]))}</pre>"
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style", "title", "noscript", "template", "xml"},
        attributes=_ATTRIBUTES,
        attribute_filter=_keep,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


def _keep(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src":
        return value if value.strip().lower().startswith("cid:") else None
    if tag == "a" and attribute == "href" and value.strip().lower().startswith("cid:"):
        return None
    return value


def html_to_text(html: str) -> str:
    """The words of HTML as people read them, one paragraph a line or more; `\\n` ends lines."""
    text = ""
    if not _too_much(html, _READABLE_DEPTH):
        try:
            text = _laid_out(html)
        except Exception:  # lxml and inscriptis raise what they like
            text = ""
    if not _WORDS.search(text):
        text = strip_tags(html[: 4 * MAX_SIZE])
    return _GAPS.sub("\n\n", _BLANKS.sub("", text.replace("\r", ""))).strip("\n ")


def _laid_out(html: str) -> str:
    from inscriptis import get_text  # 5 MB, needed where mail is read only
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.model.config import ParserConfig

    css = CSS_PROFILES["strict"]  # the other profile indents every div
    return str(get_text(html, ParserConfig(css={**css, "hr": css["div"]})))


def strip_tags(html: str) -> str:
    """The text between the tags, by a single pass; for HTML that nothing else can read."""
    kept: list[str] = []
    at, end, lower = 0, 0, html.lower()
    closes: dict[str, int] = {}
    while (start := html.find("<", at)) >= 0:
        kept.append(html[at:start])
        if html.startswith("<!--", start):
            end = html.find("-->", start)
            if end < 0:
                break  # as browsers do: the rest is a comment
            at = end + 3
            continue
        match = _TAG.match(html, start)
        if match is None and not html.startswith(("<!", "<?"), start):
            kept.append("<")
            at = start + 1
            continue
        end = html.find(">", start)
        if end < 0:
            break
        at = end + 1
        name = match[2].lower() if match else ""
        if name in _REMOVED and match and not match[1]:
            close = closes.get(name, 0)
            if 0 <= close < at:
                close = closes[name] = lower.find(f"</{name}", at)
            at = close if close >= 0 else at
        elif name in ("br", "p", "div", "tr", "li", "h1", "h2", "h3", "table", "blockquote"):
            kept.append("\n")
        elif name in ("td", "th"):
            kept.append(" ")
    if end >= 0:
        kept.append(html[at:])
    return unescape("".join(kept)).strip()


def _too_much(html: str, depth: int) -> bool:
    return len(html) > MAX_SIZE or _deeper(html, depth)


def _deeper(html: str, limit: int) -> bool:
    """Are elements nested deeper than that? Those that are often left open do not count."""
    if html.count("<") <= limit:
        return False
    depth = 0
    for close, name in _TAG.findall(html):
        if name.lower() not in _VOID:
            depth = max(0, depth - 1) if close else depth + 1
            if depth > limit:
                return True
    return False
