#!/usr/bin/env python3
"""What `gyre web` answers to whom, without a browser: token, host, origins, methods, and what it passes on.

usage: server_test.py PATH_TO_GYRE [TEST...]
"""

import http.client
import json
import re
import signal
import subprocess
import sys
import unittest

from running import Web, run_tests, subject, until

GYRE = ""


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class Case(unittest.TestCase):
    def ask(self, web, path, method="GET", body=None, **headers):
        """With `path` below the token; one that begins with a slash is taken as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
        self.addCleanup(connection.close)
        connection.request(method, path if path.startswith("/") else web.path + path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(connection.getresponse())


class Guarded(Case):
    @classmethod
    def setUpClass(cls):
        cls.subject = subject(GYRE, "deadlock", 2)
        cls.web = Web(GYRE, cls.subject.pid)

    @classmethod
    def tearDownClass(cls):
        cls.web.close()
        cls.subject.close()

    def status(self, path, method="GET", body=None, **headers):
        return self.ask(self.web, path, method, body, **headers).status

    def test_tokens_are_long_and_differ(self):
        token = self.web.path.strip("/")
        self.assertRegex(token, r"^[0-9a-f]{32}$")
        with Web(GYRE, self.subject.pid) as other:
            self.assertNotEqual(token, other.path.strip("/"))

    def test_nothing_is_answered_without_the_token(self):
        token = self.web.path.strip("/")
        wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
        for path in ("/", "/index.html", "/api/v1/snapshot", f"/{wrong}/", f"/{wrong}/api/v1/snapshot", f"/{token}", f"/{token}x/", f"//{token}/", f"/x/../{token}/"):
            self.assertEqual(self.status(path), 403, path)
        self.assertEqual(self.status(f"/{wrong}/api/v1/recorder", "PUT", '{"on": true}'), 403)

    def test_only_the_names_of_this_machine_are_a_host(self):
        for host in ("127.0.0.1", f"127.0.0.1:{self.web.port}", "localhost:9", "[::1]:9000"):
            self.assertEqual(self.status("", Host=host), 200, host)
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example:80", "127.0.0.1:80.evil.example", "[::2]:80", "0.0.0.0"):
            self.assertIn(self.status("api/v1/figures", Host=host), (400, 403), host)

    def test_other_sites_get_nothing(self):
        for site in ("cross-site", "same-site"):
            self.assertEqual(self.status("api/v1/snapshot", Sec_Fetch_Site=site), 403)
        for site in ("same-origin", "none"):
            self.assertEqual(self.status("api/v1/figures", Sec_Fetch_Site=site), 200)
        self.assertEqual(self.status("api/v1/figures", Origin="https://evil.example"), 403)
        self.assertEqual(self.status("api/v1/figures", Origin="null"), 403)
        self.assertEqual(self.status("api/v1/figures", Origin=f"http://127.0.0.1:{self.web.port}"), 200)

    def test_no_answer_may_be_read_elsewhere_or_kept(self):
        for path in ("", "app.js", "api/v1/figures", "api/v1/none"):
            answer = self.ask(self.web, path)
            self.assertFalse([name for name in answer.headers if name.lower().startswith("access-control")], path)
            self.assertEqual(answer.headers["Cache-Control"], "no-store", path)
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff", path)
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer", path)
            self.assertEqual(answer.headers["Cross-Origin-Resource-Policy"], "same-origin", path)

    def test_the_policy_takes_scripts_and_styles_from_here_alone(self):
        policy = dict(part.strip().partition(" ")[::2] for part in self.ask(self.web, "").headers["Content-Security-Policy"].split(";"))
        self.assertEqual(policy["default-src"], "'none'")
        self.assertEqual(policy["script-src"], "'self'")
        self.assertEqual(policy["style-src"], "'self'")
        self.assertEqual(policy["frame-ancestors"], "'none'")
        self.assertEqual(policy["require-trusted-types-for"], "'script'")

    def test_every_file_is_of_its_type(self):
        page = self.ask(self.web, "")
        self.assertEqual(page.headers["Content-Type"], "text/html; charset=utf-8")
        names = re.findall(r'(?:src|href)="([\w.]+)"', page.body.decode())
        self.assertIn("app.js", names)
        types = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
        for name in names:
            answer = self.ask(self.web, name)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, types[name.split(".")[1]]), name)

    def test_only_reading_and_two_switches(self):
        for method in ("POST", "DELETE", "PATCH"):
            self.assertEqual(self.status("api/v1/snapshot", method), 405, method)
        self.assertEqual(self.status("api/v1/snapshot", "PUT", "{}"), 405)
        self.assertEqual(self.status("api/v1/recorder", "POST", "{}"), 405)
        self.assertEqual(self.status("api/v1/elsewhere"), 404)
        self.assertEqual(self.status("api/v1/../../metrics"), 404)

    def test_the_switch_takes_nothing_but_on_and_off(self):
        for body in ("", "{}", "[]", '{"on": 1}', '{"on": "true"}', "on", '{"on": true'):
            self.assertEqual(self.status("api/v1/recorder", "PUT", body), 400, body)
        self.assertEqual(self.status("api/v1/recorder", "PUT", '{"on": true, "x": "' + "y" * 5000 + '"}'), 413)

    def test_the_level_of_measuring_is_one_of_three(self):
        for body in ("", "{}", '{"timing": 1}', '{"timing": "all"}', '"exact"'):
            self.assertEqual(self.status("api/v1/timing", "PUT", body), 400, body)
        answer = self.ask(self.web, "api/v1/timing", "PUT", '{"timing": "exact", "x": 1}')
        self.assertEqual([loop["timing"] for loop in answer.json()["loops"]], ["exact"])
        self.ask(self.web, "api/v1/timing", "PUT", '{"timing": "sampled"}')
        self.assertEqual([loop["timing"] for loop in self.ask(self.web, "api/v1/timing").json()["loops"]], ["sampled"])

    def test_a_snapshot_is_passed_on(self):
        snapshot = self.ask(self.web, "api/v1/snapshot").json()
        self.assertEqual(snapshot["pid"], self.subject.pid)
        names = {task.get("name") for task in snapshot["loops"][0]["tasks"]}
        self.assertLessEqual({"Plato", "Kant"}, names)

    def test_queries_and_refusals_are_passed_on(self):
        self.assertEqual(len(self.ask(self.web, "api/v1/snapshot?most=3").json()["loops"][0]["tasks"]), 3)
        self.assertEqual(self.status("api/v1/snapshot?most=nonsense"), 400)

    def test_it_listens_on_the_loopback_alone(self):
        port = f"{self.web.port:04X}"
        with open("/proc/net/tcp", encoding="ascii") as table:
            local = [line.split()[1] for line in table if line.split()[1].endswith(":" + port) and line.split()[3] == "0A"]
        self.assertEqual(local, [f"0100007F:{port}"])
        with open("/proc/net/tcp6", encoding="ascii") as table:
            self.assertFalse([line for line in table if line.split()[1].endswith(":" + port) and line.split()[3] == "0A"])


class Ends(Case):
    def test_a_process_that_was_killed_has_ended(self):
        with subject(GYRE, "mixed") as program, Web(GYRE, program.pid) as web:
            self.assertEqual(self.ask(web, "api/v1/figures").status, 200)
            program.close()
            answer = until(lambda: (got := self.ask(web, "api/v1/figures")).status == 410 and got, "the end is noticed")
            self.assertEqual(answer.json()["code"], "ended")
            self.assertIn(str(program.pid), answer.json()["detail"])
            self.assertEqual(self.ask(web, "").status, 200, "the page itself is still there")

    def test_a_process_that_is_stopped_is_silent(self):
        with subject(GYRE, "mixed") as program, Web(GYRE, program.pid) as web:
            program.signal(signal.SIGSTOP)
            answer = self.ask(web, "api/v1/figures")
            self.assertEqual((answer.status, answer.json()["code"]), (504, "silent"))
            self.assertIn("stopped", answer.json()["detail"])
            program.signal(signal.SIGCONT)
            self.assertEqual(self.ask(web, "api/v1/figures").status, 200, "it goes on")

    def test_ctrl_c_ends_it_at_once_and_well(self):
        with subject(GYRE, "mixed") as program, Web(GYRE, program.pid) as web:
            self.ask(web, "api/v1/figures")  # its connection stays open
            web.signal(signal.SIGTERM)
            self.assertEqual(web.process.wait(10), 0)
            self.assertEqual(web.errors, [])

    def test_what_cannot_be_shown_is_said(self):
        def refused(*arguments):
            done = subprocess.run([GYRE, "web", *arguments], capture_output=True, text=True, timeout=20)
            self.assertEqual(done.stdout, "")
            return done.returncode, done.stderr

        status, text = refused("999999999")
        self.assertEqual(status, 1)
        self.assertIn("there is no process 999999999", text)
        status, text = refused("1")
        self.assertEqual(status, 1)
        self.assertIn("has no control socket", text)
        self.assertEqual(refused()[0], 2)

    def test_the_port_can_be_chosen(self):
        with subject(GYRE, "mixed") as program, Web(GYRE, program.pid) as web:
            again = subprocess.run([GYRE, "web", str(program.pid), "--port", str(web.port)], capture_output=True, text=True, timeout=20)
            self.assertEqual(again.returncode, 1)
            self.assertIn(f"127.0.0.1:{web.port}", again.stderr)
            web.close()
            with Web(GYRE, program.pid, "--port", str(web.port)) as chosen:
                self.assertEqual(chosen.port, web.port)


if __name__ == "__main__":
    GYRE = sys.argv.pop(1)
    run_tests()
