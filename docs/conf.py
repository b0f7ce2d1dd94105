"""Build the documentation site from these pages, the docstrings and the command line: `make docs`."""

from __future__ import annotations

from thanksio import CONTRACT_VERSION, __version__

project = "thanksio"
author = "The thanksio contributors"
project_copyright = "The thanksio contributors"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]
exclude_patterns = ["_build", "benchmarks"]
html_theme = "furo"
html_title = f"thanksio {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
smartquotes = False  # would turn the -- of options into a dash

myst_enable_extensions = ["colon_fence", "substitution"]
myst_heading_anchors = 3
myst_substitutions = {"contract_version": CONTRACT_VERSION}

default_role = "literal"  # docstrings quote code in single backticks
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
nitpicky = True
nitpick_ignore_regex = [
    # Other packages, whose documentation is not fetched while building.
    (r"py:.*", r"(httpx|ssl|os|collections|attrs|types|typing|datetime|abc|json|builtins)\..*"),
    # Names that annotations use and that are described where they occur.
    (r"py:.*", r"(thanksio\._.*|thanksio\.bulk.*|Order|OrderId|Given|JournalPath|Verdict|CancelPath|.*\.T)"),
    (r"py:class", r"(thanksio_generated\..*|AsyncRun|_Foreign|drift\.Hook)"),
    (r"py:class", r"(Request|Script|Shape|Refusal|Truth|Responder|Step|Stage|FakeResponse)"),
    (r"py:(class|obj)", r"(Mapping|Iterable|Generator|AsyncGenerator|Callable|Any|Self|None|Path|PathLike|optional)"),
]
