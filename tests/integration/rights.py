#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a client with a role may do: the node where its command is served has the last word, and a denial names the rule."""

import pathlib
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from mesh import lists, run, say  # noqa: E402
from raw_websocket import until  # noqa: E402


def tokens_for(mesh, *rows):
    """A token file, and the tokens in its order."""
    shown = [secrets.token_hex(32) for _ in rows]
    path = mesh.folder / "tokens"
    path.touch(mode=0o600)
    path.write_text("".join(f"{name} {token} {roles}\n" for (name, roles), token in zip(rows, shown)))
    return path, shown


def let_in(node, token):
    return node.client(headers=[("Sec-WebSocket-Protocol", f"askr.v1.json, askr.token.{token}")])


def outcome(client, command, data=None, **more):
    said = client.outcome(client.ask(command, data, **more))
    return said.get("value") if "error" not in said else f"{said['code']}: {said['error']}"


def test(mesh):
    path, (ann, bea) = tokens_for(mesh, ("ann", "guest"), ("bea", ""))
    edge = mesh.node("edge", "--token-file", path)
    kitchen = mesh.node("kitchen", "--role", "guest send=menu.>,STATE_REQUEST state_read=public.>", "--role", "cook member")
    with kitchen.client() as cook, let_in(edge, ann) as guest, let_in(edge, bea) as member:
        for command in ("menu.read", "oven.heat"):
            cook.serve(command)
            until(lambda: lists(member, kitchen, "commands", command))  # pylint: disable=cell-var-from-loop

        def answered(asking, command):
            mid = asking.ask(command)
            asked = cook.next_command()
            assert asked["command"] == command, asked
            cook.say(mid=asked["mid"], value="served")
            return asking.value(mid) == "served"

        assert answered(guest, "menu.read") and answered(member, "menu.read") and answered(member, "oven.heat")
        denied = outcome(guest, "oven.heat")
        assert denied == "denied: ann may not send oven.heat (role guest: send=menu.>,STATE_REQUEST)", denied
        denied = outcome(guest, "STATE_REQUEST", {"key": "secret"}, to=kitchen.name)
        assert denied == "denied: ann may not state_read secret (role guest: state_read=public.>)", denied
        denied = outcome(member, "askr.admin.anything", to=kitchen.name)
        assert denied == "denied: bea may not admin askr.admin.anything (rule: admin=)", denied
        assert outcome(guest, "askr.echo", 7, to=edge.name) == 7  # Roles are each node's own affair.
    wrong = mesh.askr("node", "--role", "guest sends=menu.>")
    assert wrong.returncode == 2 and "sends=menu.>" in wrong.stderr, wrong.stderr
    say("a role: judged where the command is served, denied by name")


run(test)
