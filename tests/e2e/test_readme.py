"""The commands of README.md do what it says."""
import json
import pathlib
import re
import shutil
import subprocess
import unittest

from parley_e2e import tap
from parley_e2e.chat import ServerCase

README = pathlib.Path(__file__).parents[2] / "README.md"
NEEDS = ("curl", "jq")


def values(text):
    """The JSON values in a text, one after the other."""
    found, at = [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = json.JSONDecoder().raw_decode(text, at)
        found.append(value)
    return found


class FirstMessage(ServerCase):
    @classmethod
    def setUpClass(cls):
        for program in NEEDS:
            if not shutil.which(program):
                raise unittest.SkipTest(f"{program} is not here")
        known = subprocess.run(["/usr/bin/python3", "-c", "import websockets"], capture_output=True)
        if known.returncode != 0:
            raise unittest.SkipTest("python3-websockets is not here")
        super().setUpClass()

    def test_the_commands(self):
        blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
        self.assertEqual(len(blocks), 2)
        again = blocks[0].rstrip().rsplit("\n\n", 1)[1].split("\n", 1)[1]
        script = "\n".join(["set -eu", blocks[0], "echo", again, "echo", "echo ----", blocks[1]])
        script = script.replace("127.0.0.1:9000", f"127.0.0.1:{self.server.port}")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60,
                              env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
        self.assertEqual(done.returncode, 0, done.stderr)
        over_http, over_ws = done.stdout.split("----\n")
        registered, first, second = values(over_http)
        self.assertEqual(registered["message"], "register successfully")
        self.assertEqual(first["data"]["content"], "hello, world")
        self.assertIs(second["duplicate"], True)
        self.assertEqual(second["data"], first["data"])
        frames = [json.loads(text) for text in re.findall(r"< (\{.*\})", over_ws)]
        self.assertEqual([f["action"] for f in frames], ["Hello", "Message", "Ack"])
        self.assertIs(frames[1]["replay"], True)
        self.assertEqual(frames[2]["data"]["content"], "hello again")


if __name__ == "__main__":
    tap.main()
