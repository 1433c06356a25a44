"""How Sphinx builds the documentation: ``sphinx-build -W doc doc/_build``."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

from jqengine.version import VERSION  # noqa: E402

project = "jqengine"
author = "the jqengine authors"
release = version = VERSION

extensions = [
    "sphinx.ext.autodoc",
    "ampcommands",
    "interfaces",
    "lifecycle",
    "metrics",
    "options",
    "timeforms",
]
exclude_patterns = ["_build", "newsfragments"]
default_role = "literal"
smartquotes = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}

html_theme = "furo"
html_title = f"jqengine {VERSION}"
html_copy_source = False
html_show_copyright = False
