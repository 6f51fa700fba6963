"""``chapter2 serve``: the real command, asked over HTTP."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from children import COMMAND_LINE

from chapter2.data import TextDataset
from chapter2.deployment import service
from chapter2.deployment.service import BadRequest, application, texts_in
from chapter2.deployment.shipped import load_model, save_model
from chapter2.deployment.web import serving
from chapter2.errors import FetchError
from chapter2.selection.candidates import CANDIDATES

pytestmark = pytest.mark.timeout(900)  # processes start slowly on a busy machine
# no host may be looked up or connected to: what a shipped model does not need
OFFLINE = (
    "import sys; from chapter2.deployment.fresh import refuse_network;"
    "sys.addaudithook(refuse_network);" + COMMAND_LINE
)
TEXTS = ["a good film", "", "一部好电影", "bad \ud800 half", "good " * 300]


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """The folder of a shipped model that needs no torch."""
    texts = tuple(f"a {w} film {i}" for i in range(20) for w in ("good", "bad"))
    records = TextDataset("made", texts, (0, 1) * 20, ("praise", "blame"))
    return save_model(
        CANDIDATES["tfidf"].fit(records), tmp_path_factory.mktemp("shipped") / "words"
    )


@pytest.fixture
def start(words, tmp_path):
    """Start the command on a free port; give the process and its address."""
    processes = []

    def begin(*options):
        command = [sys.executable, "-c", OFFLINE, "serve", str(words), "--port", "0"]
        environment = {**os.environ, "HOME": str(tmp_path), "HF_HOME": str(tmp_path)}
        process = subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        processes.append(process)
        return process, process.stdout.readline().strip()

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def asked(address, body=None, kind="application/json"):
    """Return state and answer; ``body`` None: a GET."""
    content = body if body is None or isinstance(body, bytes) else json.dumps(body)
    content = content.encode() if isinstance(content, str) else content
    request = urllib.request.Request(address, content, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_texts_are_answered_and_ctrl_c_ends_it(start, words):
    process, address = start()
    assert asked(f"{address}/health") == (
        200,
        {"status": "ok", "labels": ["praise", "blame"]},
    )
    state, found = asked(f"{address}/predict", {"texts": TEXTS})
    assert state == 200
    rows = found["predictions"]
    assert [row["label"] for row in rows][:2] == ["praise", None]
    wanted = load_model(words).predict_proba([text for text in TEXTS if text])
    told = [[*row["probabilities"].values()] for row in rows if row["label"]]
    np.testing.assert_allclose(told, wanted, atol=1e-6)
    # at once, of several clients: each has its own answer
    many = [{"texts": [text] * 50} for text in ("good", "bad") * 8]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda body: asked(f"{address}/predict", body), many))
    labels = [{row["label"] for row in each["predictions"]} for _, each in answers]
    assert labels == [{"praise"}, {"blame"}] * 8
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines() == [
        "It answers POST /predict and GET /health; Ctrl-C ends it.",
        "Interrupted.",
    ]


def test_what_cannot_be_answered_is_said_and_it_goes_on_until_sigterm(start):
    process, address = start("--quiet")
    predict = f"{address}/predict"
    bad = [
        (b"texts", 400, "The body is not JSON (Expecting value"),
        (b"\xff\xfe{", 400, "The body is not JSON"),
        (b"[" * 100_000, 400, "The body is not JSON"),
        ({"text": "a"}, 422, "The body holds no list of texts"),
        ({"texts": [None]}, 422, "Text 1 is null, no string"),
        (b'{"texts": ["' + b"a" * service.BYTES + b'"]}', 413, "too large"),
    ]
    for body, state, says in bad:
        found, told = asked(predict, body)
        assert (found, says in told["error"]) == (state, True), told
    assert asked(predict, {"texts": ["a"]}, "text/plain")[0] == 415
    with pytest.raises(urllib.error.HTTPError, match="400"):  # a name led here
        urllib.request.urlopen(
            urllib.request.Request(f"{address}/health", headers={"Host": "a.example"})
        )
    place = ("127.0.0.1", int(address.rsplit(":", 1)[1]))
    with socket.create_connection(place) as client:  # it hangs up amid the body
        client.sendall(
            b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n"
            b"Content-Type: application/json\r\n\r\n{"
        )
    assert asked(f"{address}/model")[0] == 404
    assert asked(predict)[0] == 405
    assert asked(predict, {"texts": ["good"]})[0] == 200
    with socket.create_connection(place):
        process.send_signal(signal.SIGTERM)  # an idle client keeps nobody waiting
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(
    ("body", "state", "says"),
    [
        ([], 422, "holds no list of texts"),
        ({"texts": []}, 422, "holds no list of texts"),
        ({"texts": "a text"}, 422, "holds no list of texts"),
        ({"texts": ["a", 2]}, 422, "Text 2 is a number, no string"),
        ({"texts": [["a"]]}, 422, "Text 1 is a list, no string"),
        ({"texts": [{}]}, 422, "Text 1 is an object, no string"),
        ({"texts": [True]}, 422, "Text 1 is true, no string"),
        ({"texts": ["a"] * 1001}, 413, "1,001 texts are too many; send at most 1,000"),
        ({"texts": ["a" * 100_001]}, 413, "Text 1 has 100,001 characters"),
    ],
)
def test_each_bad_body_has_its_sentence(body, state, says):
    with pytest.raises(BadRequest, match=says) as refused:
        texts_in(json.dumps(body).encode())
    assert refused.value.state == state
    assert str(refused.value).endswith(".")


def test_an_encoder_answers_as_it_predicts(tiny):
    model = load_model(tiny)
    with serving(application(model), "127.0.0.1", 0) as address:
        state, found = asked(f"{address}/predict", {"texts": ["a good film"]})
    assert state == 200
    (row,) = found["predictions"]
    shares = model.predict_proba(["a good film"])[0]
    assert [*row["probabilities"].values()] == pytest.approx(shares, abs=1e-6)
    assert row["label"] == model.label_names[shares.argmax()]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_name_that_is_led_to_this_machine_is_refused(words, host):
    with serving(application(load_model(words)), host, 0) as address:
        assert asked(f"{address}/health")[0] == 200
        request = urllib.request.Request(
            f"{address}/health", headers={"Host": "a.example"}
        )
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(request)


def test_a_service_that_the_model_asks_and_that_fails_is_named():
    class Elsewhere:
        label_names = ("praise", "blame")

        def predict_proba(self, texts):
            raise FetchError("http://localhost:1 cannot be reached; try later.")

    with serving(application(Elsewhere()), "127.0.0.1", 0) as address:
        found = asked(f"{address}/predict", {"texts": ["a"]})
    assert found == (502, {"error": "http://localhost:1 cannot be reached; try later."})


def test_what_cannot_be_served_is_one_sentence(cli, words, tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cli("serve", words, "--port", port)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"Error: Port {port} of 127.0.0.1 cannot be had")
    assert cli("serve", tmp_path / "none", "--port", 0).code == 6
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = cli("serve", words)
    assert done.code == 4
    assert done.err == (
        "Error: Serving needs starlette and uvicorn, not installed here: run `pip"
        " install starlette uvicorn`.\n"
    )
