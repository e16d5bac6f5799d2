"""What is installed may be used and handed on, and its licences are on a page."""

import re

from packaging.version import Version
from tests.structure.licences import ALLOWED, PAGE, ROOT, licence, locked, page


def test_every_locked_package_has_a_licence_that_lets_forces_use_it():
    found = {name: re.split(r" AND | OR ", licence(name)) for name in locked()}
    assert {name: terms for name, terms in found.items() if not ALLOWED.issuperset(terms)} == {}


def test_the_page_lists_them():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_no_locked_version_is_a_trial_one():
    pins = re.findall(r"^\S+==([^\s;]+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(pins) > 200
    assert [pin for pin in pins if Version(pin).is_prerelease] == []
