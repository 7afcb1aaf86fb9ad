"""The lines of docs/internals/notify.md that verify a signature do verify it, and nothing else."""
import pathlib
import re
import unittest

from parley_e2e import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "internals" / "notify.md").read_text(encoding="utf-8")

# Made by src/adapter/webhook/signature.c: tests/unit/adapter/test_webhook.c has the same.
BODY = b'{"test": 2432232314}'
TIME = 1614265330
SIGNED = {
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "v1,SOT+OkyPxZlpRf8TQ5k3rdum3pxcmHnCq9RNwyl8ocA=",
    "a plain secret": "v1,duxdDDwL831Qrbv0BqYBRvtf8dElsI8h+NgSXSdJMIM=",
}


def documented():
    block = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL).group(1)
    names = {}
    exec(block, names)  # the lines of our own page
    return names["verify"]


def headers(signature, **changed):
    return {"webhook-id": "70617264-6c65-8000-8000-00e8d4a51000", "webhook-timestamp": str(TIME),
            "webhook-signature": signature} | changed


class Signature(unittest.TestCase):
    def test_what_parley_signs_is_verified(self):
        for secret, signature in SIGNED.items():
            self.assertTrue(documented()(secret, headers(signature), BODY, TIME + 2), secret)

    def test_what_was_changed_is_not(self):
        verify = documented()
        secret, signature = next(iter(SIGNED.items()))
        self.assertFalse(verify(secret, headers(signature), BODY + b" ", TIME))
        self.assertFalse(verify("another", headers(signature), BODY, TIME))
        self.assertFalse(verify(secret, headers("v1,A" + signature[4:]), BODY, TIME))
        for name, value in (("webhook-id", "70617264-6c65-8000-8000-00e8d4a51001"),
                            ("webhook-timestamp", str(TIME + 1))):
            self.assertFalse(verify(secret, headers(signature, **{name: value}), BODY, TIME), name)

    def test_what_is_old_is_not(self):
        secret, signature = next(iter(SIGNED.items()))
        self.assertFalse(documented()(secret, headers(signature), BODY, TIME + 301))

    def test_the_unit_test_has_the_same_vectors(self):
        source = (ROOT / "tests" / "unit" / "adapter" / "test_webhook.c").read_text(encoding="utf-8")
        for secret, signature in SIGNED.items():
            self.assertIn(secret, source)
            self.assertIn(signature, source)


if __name__ == "__main__":
    tap.main()
