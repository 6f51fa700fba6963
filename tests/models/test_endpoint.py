"""An OpenAI-compatible endpoint, played by a server in a thread of this process."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from chapter2.errors import FetchError, UsageError
from chapter2.models.chat_request import EndpointConfig
from chapter2.models.endpoint import Endpoint, matched

LABELS = ("bad", "good", "very good")


class Server(ThreadingHTTPServer):
    """Answers by ``reply(texts so far, body) -> (state, headers, bytes)``."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.reply, self.delay = [], plain, 0.0
        self.lock, self.busy, self.most = threading.Lock(), 0, 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    """One request: noted, delayed, answered."""

    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.requests.append((self.path, dict(self.headers), body))
            count = len(server.requests)
            server.busy += 1
            server.most = max(server.most, server.busy)
        time.sleep(server.delay)
        state, headers, content = server.reply(count, body)
        with server.lock:
            server.busy -= 1
        self.send_response(state)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Say nothing."""


def answered(content, **beside):
    choices = [{"message": {"role": "assistant", "content": content}}]
    return 200, {}, json.dumps({"choices": choices, **beside}).encode()


def plain(count, body):
    text = body["messages"][-1]["content"]
    label = "Very good." if "!" in text else "good" if "fine" in text else " bad\n"
    return answered(label, usage={"prompt_tokens": 100, "completion_tokens": 2})


@pytest.fixture
def server():
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


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
