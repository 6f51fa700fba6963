"""An OpenAI-compatible endpoint, played by a server in a thread of this process."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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
