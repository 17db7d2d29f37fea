from policies.canonical import Json
from stages.side_by_side.web.conversation import FOLDED_FROM, Turn, turns_of


def turn(**message: Json) -> Turn:
    return turns_of([message])[0]


def test_every_turn_is_shown_in_its_order() -> None:
    shown = turns_of(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": "*One*."},
            {"role": "user", "content": "Two?"},
        ]
    )
    assert [t.speaker for t in shown] == ["System", "User", "Assistant", "User"]
    assert shown[2].said == "<p><em>One</em>.</p>\n"


def test_a_tool_call_shows_what_was_called_with_what() -> None:
    call = {"id": "1", "function": {"name": "look_up", "arguments": '{"q": "<b>"}'}}
    shown = turn(role="assistant", content=None, tool_calls=[call])
    assert shown.said == ""
    assert shown.calls[0].name == "look_up"
    assert "&lt;b&gt;" in shown.calls[0].arguments


def test_an_old_function_call_and_arguments_that_are_no_text_are_shown() -> None:
    shown = turn(role="assistant", function_call={"name": "f", "arguments": {"x": 1}})
    assert shown.calls[0].name == "f"
    assert "&quot;x&quot;: 1" in shown.calls[0].arguments
    assert turn(role="assistant", tool_calls=["?"]).calls[0].name == "unknown"


def test_a_tools_result_is_no_markdown() -> None:
    shown = turn(role="tool", name="look_up", content="**not bold**")
    assert shown.speaker == "Tool result (look_up)"
    assert "**not bold**" in shown.said


def test_parts_are_put_together_and_unknown_ones_shown_as_json() -> None:
    parts: Json = [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {"url": "https://e.example/x.png"}},
    ]
    shown = turn(role="user", content=parts).said
    assert "Look:" in shown
    assert "https://e.example/x.png" in shown
    assert "<img" not in shown
    assert '"a"' in turn(role="user", content={"a": 1}).said


def test_an_unknown_role_is_named_and_not_dropped() -> None:
    shown = turn(role='critic" onclick="x', content="Hm.")
    assert shown.speaker == 'critic" onclick="x'
    assert shown.role == "unknown"
    assert turn(content="Hm.").speaker == "Unknown"


def test_only_a_long_system_prompt_is_folded() -> None:
    assert turn(role="system", content="x" * (FOLDED_FROM + 1)).folded
    assert not turn(role="system", content="x" * FOLDED_FROM).folded
    assert not turn(role="user", content="x" * (FOLDED_FROM + 1)).folded
