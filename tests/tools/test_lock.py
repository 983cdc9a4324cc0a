"""tests/requirements.lock is whole: exact versions, each with hashes, and all that is asked for."""

import pathlib
import re
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
ENTRY = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==([^\s;]+)(?: ; [^\\]+)?$")
HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")


def entries(text):
    """[(head, [hash, …])], a logical line each."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    for line in filter(None, map(str.strip, joined.splitlines())):
        head, *hashes = re.split(r"\s+(?=--hash)", line)
        yield head.strip(), hashes


class Lock(unittest.TestCase):
    def setUp(self):
        self.lock = list(entries((TESTS / "requirements.lock").read_text()))

    def test_exact_and_hashed(self):
        self.assertGreater(len(self.lock), 40)
        for head, hashes in self.lock:
            self.assertRegex(head, ENTRY)
            self.assertTrue(hashes, f"{head} has no hash")
            for one in hashes:
                self.assertRegex(one, HASH)

    def test_holds_what_is_asked_for(self):
        locked = {(m[1], m[2]) for head, _ in self.lock if (m := ENTRY.match(head))}
        for line in (TESTS / "requirements.txt").read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                asked = ENTRY.match(line)
                self.assertTrue(asked, f"{line} is no exact version")
                self.assertIn((asked[1].lower(), asked[2]), locked)

    def test_a_fault_is_seen(self):
        for text in ("a>=1 --hash=sha256:" + "0" * 64, "a @ file:///x"):
            head, _ = next(entries(text))
            self.assertNotRegex(head, ENTRY)
        self.assertEqual(next(entries("a==1\n"))[1], [])


if __name__ == "__main__":
    unittest.main()
