"""BMCs that answer in the shapes of several makers, which can be told to misbehave."""

import base64
import json
import os
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = "/redfish/v1/"
SESSIONS = "/redfish/v1/SessionService/Sessions"


def link(path):
    return {"@odata.id": path}


def collection(*paths):
    return {"Members": [link(path) for path in paths], "Members@odata.count": len(paths)}


def _service(*chassis, slash=""):
    """A service root and its collection of chassis."""
    base = f"/redfish/v1/Chassis{slash}"
    return {
        ROOT: {"RedfishVersion": "1.11.0", "Chassis": link(base), "Links": {"Sessions": link(SESSIONS)}},
        base: collection(*(f"/redfish/v1/Chassis/{name}{slash}" for name in chassis)),
    }


def idrac():
    """A server and an enclosure of disks, with the older Power of each; of the enclosure nothing is measured."""
    chassis = "/redfish/v1/Chassis/"
    return _service("System.Embedded.1", "Enclosure.Internal.0-1") | {
        chassis + "System.Embedded.1": {
            "Id": "System.Embedded.1", "Name": "Computer System Chassis",
            "Power": link(chassis + "System.Embedded.1/Power"),
        },
        chassis + "System.Embedded.1/Power": {
            "Id": "Power", "PowerControl": [
                {"MemberId": "PowerControl", "Name": "System Power Control", "PowerConsumedWatts": 245,
                 "PowerCapacityWatts": 1400, "PowerMetrics": {"AverageConsumedWatts": 240}},
            ],
            "PowerSupplies": [{"MemberId": "PSU.Slot.1", "PowerInputWatts": 130, "LastPowerOutputWatts": 120}],
        },
        chassis + "Enclosure.Internal.0-1": {"Id": "Enclosure.Internal.0-1", "Name": "BP15G+ 0:1"},
    }


def ilo():
    """All paths end with a slash. The member's id is a number in a text, and there are fractions."""
    chassis = "/redfish/v1/Chassis/1/"
    return _service("1", slash="/") | {
        chassis: {"Id": "1", "Name": "Computer System Chassis", "Power": link(chassis + "Power/")},
        chassis + "Power/": {"Id": "Power", "PowerControl": [
            {"MemberId": "0", "PowerConsumedWatts": 189.5, "PowerCapacityWatts": 1600}]},
    }


def supermicro():
    """Both the new PowerSubsystem, with the output in the supply itself, and the old Power. One supply is idle."""
    chassis = "/redfish/v1/Chassis/1"
    supplies = chassis + "/PowerSubsystem/PowerSupplies"
    return _service("1") | {
        chassis: {"Id": "1", "Name": "Computer System Chassis", "Power": link(chassis + "/Power"),
                  "PowerSubsystem": link(chassis + "/PowerSubsystem")},
        chassis + "/PowerSubsystem": {"Id": "PowerSubsystem", "PowerSupplies": link(supplies)},
        supplies: collection(supplies + "/0", supplies + "/1"),
        supplies + "/0": {"Id": "0", "Name": "Power Supply 0", "PowerOutputWatts": 312.25, "PowerInputWatts": 340},
        supplies + "/1": {"Id": "1", "Name": "Power Supply 1", "PowerOutputWatts": 0, "PowerInputWatts": 12},
        chassis + "/Power": {"PowerControl": [{"MemberId": "0", "Name": "System", "PowerConsumedWatts": 352}]},
    }


def openbmc():
    """As the schema has it today: the output of a supply stands in its Metrics. Another chassis has EnvironmentMetrics
    alone, and a third one nothing."""
    chassis = "/redfish/v1/Chassis/"
    supplies = chassis + "tray/PowerSubsystem/PowerSupplies"
    return _service("tray", "sled", "bmc") | {
        chassis + "tray": {"Id": "tray", "PowerSubsystem": link(chassis + "tray/PowerSubsystem"),
                           "EnvironmentMetrics": link(chassis + "tray/EnvironmentMetrics")},
        chassis + "tray/PowerSubsystem": {"PowerSupplies": link(supplies)},
        supplies: collection(supplies + "/psu0"),
        supplies + "/psu0": {"Id": "psu0", "Name": "psu0", "Status": {"State": "Enabled"},
                             "Metrics": link(supplies + "/psu0/Metrics")},
        supplies + "/psu0/Metrics": {"OutputPowerWatts": {"DataSourceUri": "/x", "Reading": 401.125},
                                     "InputPowerWatts": {"Reading": 430}},
        chassis + "sled": {"Id": "sled", "EnvironmentMetrics": link(chassis + "sled/EnvironmentMetrics")},
        chassis + "sled/EnvironmentMetrics": {"Id": "EnvironmentMetrics", "Name": "Environment Metrics",
                                              "PowerWatts": {"DataSourceUri": "/y", "Reading": 96}},
        chassis + "bmc": {"Id": "bmc"},
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up in the middle is part of the play."""


class FakeBmc:
    """Serves on a port of the loopback. Attributes may be changed at any time:

    resources: path -> what it answers there
    username, password: whom it lets in; password None: everybody, without any
    has_sessions: whether it gives sessions; where it does not, it takes name and password with each request
    takes_basic: whether it does so where it gives sessions as well
    faults: path -> a function that answers a request there in place of the server, given its handler
    requests: (method, path) of each request so far
    sessions: the tokens that are valid
    most_sessions: how many at the same time
    """

    def __init__(self, resources, certificate=None, password="s3cret"):
        self.resources = resources
        self.username, self.password = "admin", password
        self.has_sessions = self.takes_basic = True
        self.faults, self.requests, self.sessions = {}, [], {}
        self.most_sessions = 4
        self._made = 0
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                fake._answer(self)

            do_POST = do_DELETE = do_GET

            def log_message(self, *unused):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if certificate:
            self.scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self, method, path):
        """How often."""
        with self._lock:
            return self.requests.count((method, path))

    def end_sessions(self):
        with self._lock:
            self.sessions.clear()

    def _answer(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        method, path = handler.command, handler.path
        with self._lock:
            self.requests.append((method, path))
        if path in self.faults:
            return self.faults[path](handler)
        if path == SESSIONS and method == "POST":
            return self._log_in(handler, body)
        if path != ROOT and not self._is_let_in(handler):
            return error(handler, 401, "The account is not known.")
        if method == "DELETE":
            with self._lock:
                gone = [token for token, place in self.sessions.items() if place == path]
                for token in gone:
                    del self.sessions[token]
            return reply(handler, 204 if gone else 404, b"")
        if path not in self.resources:
            return error(handler, 404, "The resource is not there.")
        reply(handler, 200, json.dumps({"@odata.id": path} | self.resources[path]).encode())

    def _is_let_in(self, handler):
        if self.password is None or handler.headers.get("X-Auth-Token") in self.sessions:
            return True
        given = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return self.takes_basic and handler.headers.get("Authorization") == f"Basic {given}"

    def _log_in(self, handler, body):
        if not self.has_sessions:
            return error(handler, 404, "The resource is not there.")
        given = json.loads(body)
        if (given["UserName"], given["Password"]) != (self.username, self.password):
            return error(handler, 401, f"{given['Password']} is no password of {given['UserName']}.")
        with self._lock:
            if len(self.sessions) >= self.most_sessions:
                return error(handler, 503, "There are too many sessions.")
            self._made += 1
            token, place = f"token-{self._made}-of-the-fake", f"{SESSIONS}/{self._made}"
            self.sessions[token] = place
        reply(handler, 201, json.dumps(link(place)).encode(), **{"X-Auth-Token": token, "Location": place})


def reply(handler, status, body, **headers):
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def error(handler, status, message):
    """As Redfish has them."""
    body = {"error": {"code": "Base.1.8.GeneralError", "message": "See @Message.ExtendedInfo.",
                      "@Message.ExtendedInfo": [{"MessageId": "Base.1.8.X", "Message": message}]}}
    reply(handler, status, json.dumps(body).encode())


def write_bmcs(path, bmc, node="n1", mode=0o600, **more):
    """The file of BMCs by which `bmc` is that of `node`, and its id bmc-1."""
    access = {"endpoint": bmc.url}
    if bmc.password is not None:
        access |= {"username": bmc.username, "password": bmc.password}
    with open(path, "w") as file:
        json.dump({"nodes": {node: "bmc-1"}, "bmcs": {"bmc-1": access | more}}, file)  # JSON is YAML
    os.chmod(path, mode)
