"""An OpenAI-compatible endpoint, played by a server in a thread of this process."""

import numpy as np
import pytest
from chat_server import answered, plain

from chapter2.errors import FetchError, UsageError
from chapter2.models.chat_request import EndpointConfig
from chapter2.models.endpoint import Endpoint, matched

LABELS = ("bad", "good", "very good")


def endpoint(server, sleep=lambda seconds: None, examples=(), **settings):
    config = EndpointConfig(server.url, "some-model", **settings)
    return Endpoint(LABELS, config, examples, sleep=sleep)


def test_each_text_gets_its_answer_in_order_and_nothing_is_sent_before(server):
    model = endpoint(server, examples=(("so so", "bad"),))
    assert server.requests == []
    found = model.predict_proba(["fine", "dull", "oh!"] * 5)
    np.testing.assert_array_equal(found, np.eye(3)[[1, 0, 2] * 5])
    path, _, body = server.requests[0]
    assert (path, body["model"]) == ("/v1/chat/completions", "some-model")
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert all(label in body["messages"][0]["content"] for label in LABELS)


def test_the_key_comes_from_the_environment_and_is_never_stored(
    server, monkeypatch, tmp_path
):
    monkeypatch.setenv("SOME_KEY", "very-secret")
    model = endpoint(server, key_variable="SOME_KEY")
    model.predict_proba(["a"])
    assert server.requests[-1][1]["Authorization"] == "Bearer very-secret"
    model.save(tmp_path)
    assert "very-secret" not in (tmp_path / "settings.json").read_text()
    monkeypatch.delenv("SOME_KEY")
    again = Endpoint.load(tmp_path)
    assert len(server.requests) == 1  # loading sends nothing
    np.testing.assert_array_equal(again.predict_proba(["fine"]), [[0, 1, 0]])
    assert "Authorization" not in server.requests[-1][1]
    assert again == model


def test_passing_failures_are_tried_again_after_growing_waits(server):
    waits = []

    def reply(count, body):
        if count == 1:
            return 503, {}, b"busy"
        if count == 2:
            return 429, {"Retry-After": "7"}, b"slowly"
        return (500, {}, b"") if count == 3 else plain(count, body)

    server.reply = reply
    found = endpoint(server, sleep=waits.append).predict_proba(["fine"])
    np.testing.assert_array_equal(found, [[0, 1, 0]])
    assert waits == [1, 7, 4]


def test_tries_have_a_limit(server):
    server.reply = lambda count, body: (503, {}, b"busy")
    with pytest.raises(FetchError, match="HTTP 503 in each of 3 tries"):
        endpoint(server, tries=3, concurrency=1).predict_proba(["a"])
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (401, "OPENAI_API_KEY"),
        (404, "some-model"),
        (400, "HTTP 400"),
        (302, "HTTP 302"),
    ],
)
def test_a_refusal_is_one_sentence_and_not_tried_again(server, state, says):
    headers = {"Location": "http://127.0.0.1:9/elsewhere"}
    server.reply = lambda count, body: (state, headers, b"no")
    with pytest.raises(FetchError, match=says):
        endpoint(server, concurrency=1).predict_proba(["a"])
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "content", [b"<html>", b"[1]", b'{"choices": []}', b'{"choices": [{"text": "a"}]}']
)
def test_what_is_no_chat_endpoint_is_named(server, content):
    server.reply = lambda count, body: (200, {}, content)
    with pytest.raises(FetchError, match="OpenAI-compatible"):
        endpoint(server).predict_proba(["a"])


def test_a_slow_or_closed_server_ends_in_one_sentence(server):
    server.delay = 0.5
    with pytest.raises(FetchError, match="cannot be reached"):
        endpoint(server, timeout=0.05, tries=2).predict_proba(["a"])
    closed = EndpointConfig("http://127.0.0.1:9", "m", tries=2)
    with pytest.raises(FetchError, match="in each of 2 tries"):
        Endpoint(LABELS, closed, sleep=lambda s: None).predict_proba(["a"])


def test_no_more_requests_than_allowed_are_under_way(server):
    server.delay = 0.05
    endpoint(server, concurrency=3).predict_proba(["a"] * 9)
    assert server.most == 3


def test_one_refusal_stops_the_rest(server):
    server.delay = 0.02
    server.reply = lambda count, body: (401, {}, b"no")
    with pytest.raises(FetchError):
        endpoint(server, concurrency=2).predict_proba(["a"] * 200)
    assert len(server.requests) < 20


def test_cost_comes_from_the_stated_usage(server):
    model = endpoint(server, price_in=0.5, price_out=2.0)
    assert model.cost_per_1000() is None
    model.predict_proba(["fine", "dull"])
    assert (model.usage.tokens_in, model.usage.tokens_out) == (200, 4)
    # a text: (100 x 0.5 + 2 x 2.0) / 1e6
    assert model.cost_per_1000() == pytest.approx(0.054)
    assert endpoint(server).cost_per_1000() is None


def test_an_answer_that_is_no_label_is_counted_and_says_nothing(server):
    server.reply = lambda count, body: answered("I cannot tell.")
    model = endpoint(server)
    np.testing.assert_allclose(model.predict_proba(["a"]), [[1 / 3] * 3])
    assert (model.usage.unmatched, model.usage.uncounted) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("GOOD", 1),
        ('"very good".', 2),
        ("The label is very good", 2),
        ("good or bad", None),
        ("", None),
        ("neutral", None),
    ],
)
def test_answers_are_matched_to_labels(answer, label):
    assert matched(answer, LABELS) == label


@pytest.mark.parametrize(
    "given", [{"url": "somewhere"}, {"tries": 0}, {"timeout": 0}, {"concurrency": 0}]
)
def test_settings_out_of_range_are_refused(given):
    with pytest.raises(UsageError):
        EndpointConfig(**{"url": "http://a", "model": "m", **given})


@pytest.mark.parametrize(
    "url", ["https://me:secret@a/v1", "https://a/v1?key=secret", "https://a#secret"]
)
def test_an_address_with_a_key_in_it_is_refused_and_not_repeated(url):
    """It would stand in the saved model, in the report and in the names of trials."""
    with pytest.raises(UsageError, match="OPENAI_API_KEY") as caught:
        EndpointConfig(url, "m")
    assert "secret" not in str(caught.value)
