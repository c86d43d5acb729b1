"""A hub on this machine: what huggingface_hub asks for to download, and to push, with faults on demand."""

import base64
import hashlib
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeHub(ThreadingHTTPServer):
    """Holds `files` by (repository, commit) and name; `branches` by (repository, name)."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.branches, self.uploads = {}, {}, {}
        self.asked, self.sent = [], 0
        self.cut_after = []  # for the next bodies: bytes after which the connection ends
        self.statuses = []  # for the next answers about files, in place of 200
        self.pace = 0.0  # seconds between pieces of 10,000 bytes
        self.lies = False  # the bytes are not those that the sha256 says

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, repo, commit, branch="main", **files):
        """Puts a commit with `files` (name without dots: bytes) on a branch."""
        named = {name.replace("__", "."): body for name, body in files.items()}
        self.files.setdefault((repo, commit), {}).update(named)
        self.branches[repo, branch] = commit


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.resolve(body=False)

    def do_GET(self):
        self.resolve(body=True)

    def resolve(self, body):
        """GET /user/repo/resolve/revision/file"""
        hub = self.server
        hub.asked.append((self.command, self.path, self.headers.get("Range")))
        if hub.statuses and (status := hub.statuses.pop(0)):
            return self.reply(status)
        parts = self.path.split("?")[0].strip("/").split("/")
        if len(parts) < 5 or parts[2] != "resolve":
            return self.reply(404, headers={"X-Error-Code": "RepoNotFound"})
        repo, revision, name = "/".join(parts[:2]), parts[3], "/".join(parts[4:])
        commit = hub.branches.get((repo, revision), revision)
        if (repo, commit) not in hub.files:
            return self.reply(404, headers={"X-Error-Code": "RevisionNotFound"})
        content = hub.files[repo, commit].get(name)
        if content is None:
            return self.reply(404, headers={"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
        return self.send_file(commit, content, body)

    def send_file(self, commit, content, body):
        etag = hashlib.sha256(content).hexdigest()
        wanted = self.headers.get("Range", "")
        start = int(wanted.removeprefix("bytes=").split("-")[0]) if body and wanted else 0
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", commit)
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Linked-ETag", f'"{etag}"')
        self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if body:
            self.send_body(bytes(len(content)) if self.server.lies else content, start)

    def send_body(self, content, start):
        hub = self.server
        cut = hub.cut_after.pop(0) if hub.cut_after else None
        sent = content[start:][:cut]
        step = 10_000 if hub.pace else len(sent) or 1
        for at in range(0, len(sent), step):
            time.sleep(hub.pace)
            try:
                self.wfile.write(sent[at : at + step])
            except OSError:  # the client is gone
                break
            hub.sent += len(sent[at : at + step])
        self.close_connection = self.close_connection or cut is not None

    def do_POST(self):
        hub = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        hub.asked.append((self.command, self.path, None))
        parts = self.path.split("?")[0].strip("/").split("/")
        if self.path == "/api/repos/create":
            made = json.loads(body)
            name = f"{made.get('organization')}/{made['name']}"
            return self.reply(200, {"url": f"{hub.address}/{name}", "name": name})
        if parts[-1] == "batch":
            return self.reply(200, self.batch(json.loads(body)))
        if "preupload" in parts:
            files = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular",
                    "shouldIgnore": False,
                    "oid": None,
                }
                for file in json.loads(body)["files"]
            ]
            return self.reply(200, {"files": files})
        if "commit" in parts:
            return self.commit("/".join(parts[2:4]), parts[5], body)
        return self.reply(200, {})

    def batch(self, asked):
        objects = [
            {**file, "actions": {"upload": {"href": f"{self.server.address}/upload/{file['oid']}"}}}
            for file in asked["objects"]
        ]
        return {"transfer": "basic", "objects": objects}

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.uploads[self.path.rpartition("/")[2]] = body
        self.reply(200, {})

    def commit(self, repo, branch, body):
        lines = [json.loads(line) for line in body.splitlines()]
        files = dict(self.server.files.get((repo, self.server.branches.get((repo, branch))), {}))
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.uploads[value["oid"]]
        made = hashlib.sha1(body).hexdigest()
        self.server.files[repo, made], self.server.branches[repo, branch] = files, made
        self.reply(200, {"commitUrl": f"{self.server.address}/{repo}/commit/{made}", "commitOid": made})

    def reply(self, status, value=None, headers=None):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass
