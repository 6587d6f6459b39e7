#!/usr/bin/env python3
"""testssl.sh against our TLS defaults: nothing that would cost its grade A.

usage: tls_test.py BUILD/tests

Only later versions than Debian 12's 3.0.8 give grades. Theirs, as SSL Labs', is A when protocols, key exchange and ciphers are sound and nothing
is vulnerable: here, when there is no finding of the severity LOW or worse but those of ALLOWED. Where there is a grade it is held to A as well.
"""

import json
import os
import subprocess
import sys
import time

from world import World, report  # finds the folder peers too
import toolbox
from toolbox import DEBIAN

# What it may find all the same, and why.
ALLOWED = {
    "engine_problem": "of its own openssl",
    "cert_": "the certificate of a test: two days to live, and nobody revokes it",
    "OCSP": "the same",
    "DNS_CAArecord": "an address has no such record",
    "cipher_order": "the client chooses, as Mozilla's intermediate configuration has it: no cipher is offered that would be a bad choice",
}


def run(world, port):
    program = toolbox.debian("testssl.sh", "testssl")
    report = world.root / f"testssl-{port}.json"
    folder = "/etc/testssl" if program.startswith("/usr") else str(DEBIAN / "etc" / "testssl")
    # Protocols, ciphers by strength, order, forward secrecy, what the server tells of itself, vulnerabilities.
    command = [program, "-p", "-s", "-P", "-f", "-S", "-U", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--openssl-timeout", "10", "--add-ca",
               world.ca, "--jsonfile", str(report), f"127.0.0.1:{port}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
                          env=toolbox.environment(TESTSSL_INSTALL_DIR=folder, PATH=f"{os.environ['PATH']}:{DEBIAN}/usr/bin"))
    if not report.exists():
        raise RuntimeError(f"testssl.sh ended with status {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    if os.environ.get("PEERS_TRACE"):
        print(done.stdout)
    return {finding["id"]: finding for finding in json.loads(report.read_text())}


def main():
    world = World(sys.argv[1])
    passed = failed = 0
    try:
        begun = time.monotonic()
        findings = run(world, world.gyre(tls=True)[0])
        bad = [finding for finding in findings.values()
               if finding["severity"] not in ("OK", "INFO", "DEBUG") and not finding["id"].startswith(tuple(ALLOWED))]
        grade = findings.get("overall_grade", {"finding": "not given"})["finding"]
        if grade not in ("A", "A+", "not given"):
            bad.append(findings["overall_grade"])
        if len(findings) < 50 or findings.get("TLS1_3", {}).get("severity") != "OK":
            bad.append({"id": "scan", "severity": "", "finding": f"it did not look at everything: {sorted(findings)}"})
        print(f"{'FAILED' if bad else 'ok':7} testssl.sh: {len(findings)} findings, grade {grade}; {time.monotonic() - begun:.0f} s")
        for finding in bad:
            print(f"        {finding['id']}: {finding['severity']}: {finding['finding']}")
        passed, failed = max(0, len(findings) - len(bad)), len(bad)
    finally:
        world.close()
    return report(passed, failed)


if __name__ == "__main__":
    sys.exit(main())
