// URLs to ask about: the classes that the URL Standard's own tests have, made anew from parts.

import { pick, random_of } from "./random.mjs";

const schemes = ["http:", "https:", "ws:", "wss:", "ftp:", "file:", "HTTP:", "hTtPs:", "foo:", "a+b-c.1:", "mailto:",
    "javascript:", "data:", "1http:", "ht tp:", ":", ""];
const slashes = ["", "/", "//", "///", "////", "\\", "\\\\", "/\\", "\\/", "/\\/"];
const users = ["", "u@", "u:@", ":@", "@", ":p@", "u:p@", "u:p:q@", "u@v:p@", "%41%zz@", "u;v=w@", "ü@", "u[^|]`{}@", "u %@"];
const hosts = ["example.com", "EXAMPLE.Com", "h", "", "a.b.c.", "a..b", ".a", ".", "..", "-a-", "a_b", "a~b", "a!b", "a$b", "a&b",
    "a'b", "a(b)", "a*b", "a+b", "a,b", "a;b", "a=b", "a\"b", "a`b", "a{b}", "a b", "a<b", "a>b", "a^b", "a|b", "a%b", "a%2",
    "a%41", "%61%2e%62", "a%2fb", "a%3ab", "a%00b", "a%23", "a%40b", "a%C3%A9", "%", "%zz", "a\u0000b", "a\u0001b", "a\u007fb",
    "1.2.3.4", "1.2.3", "1.2", "1", "0", "256", "1.2.3.256", "1.2.3.4.5", "1.2.3.4.", "1.2.3.4..", "1..2", "0x7f.1", "0X7F.0x1",
    "0x", "0x.1", "0x1g", "017700000001", "08", "1.08", "09.1", "00000001", "0xffffffff", "0x100000000", "4294967295", "4294967296",
    "99999999999999999999", "1.16777215", "1.16777216", "1.2.65535", "1.2.65536", "-1", "+1", "1.-2", "a.1", "a.0x", "a.08", "a.1.",
    "1.a", "1.2.3.a", "a.0xg", "1e2", "１.２.３.４", "①", "1。2",
    "[::1]", "[::]", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[1::8]", "[0:0:1:0:0:0:1:0]", "[0:1:0:0:1:0:0:0]",
    "[1:0:0:2:3:0:0:4]", "[00001::]", "[12345::]", "[FFFF::aBcD]", "[::1.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]", "[1:2:3:4:5:6:7:1.2.3.4]",
    "[::1.2.3]", "[::1.2.3.4.5]", "[::1.2.3.256]", "[::1.2.3.01]", "[::1.2.3.]", "[::.1.2.3]", "[::1.2.3.4:5]", "[:1]", "[1:]", "[:::]",
    "[1::2::3]", "[1:2]", "[1:2:3:4:5:6:7:8:9]", "[g::]", "[]", "[", "]", "[::1", "::1]", "[::1]a", "a[::1]", "[::1%25eth0]", "[::1%eth0]",
    "[v1.a]", "[1.2.3.4]", "[ ::1]", "[::ffff:1.2.3.4]", "[::1]]", "[[::1]]", "[::%31]",
    "bücher.example", "BÜCHER.example", "faß.de", "ＡＢＣ.com", "a。b", "a．b", "ÅÄÖ", "ﬀ.com", "xn--bcher-kva.example", "xn--", "xn--a", "xn--zz--",
    "XN--BCHER-KVA.example", "a\u00adb", "\u00ad", "a\u200bb", "☃.net", "日本語.jp", "例え.テスト", "a\ufeffb", "\ufffd", "a\u0338b", "İ.com", "ẞ.de", "a/b",
    "a".repeat(63), "a".repeat(64), ("a".repeat(60) + ".").repeat(5) + "a"];
const ports = ["", ":", ":80", ":443", ":21", ":0", ":8080", ":00080", ":65535", ":65536", ":99999999999", ":8a", ":+8", ":-1", ": 80", ":8 0",
    ":٨", ":80:80"];
const paths = ["", "/", "/a/b", "/a/../b", "/a/./b", "/..", "/../..", "/a/..", "/a/.", "/.", "/...", "/a/%2e%2E/b", "/a/.%2e", "/a/%2e",
    "/%2e%2e%2e", "/a//b", "//", "/a//../b", "/a b", "/a\"b", "/<>", "/`{}^|", "/é", "/\u0000\u001f\u007f", "/%", "/%zz", "/%4", "/%41",
    "/%00", "\\a\\b", "/a\\..\\b", "/C:/x", "/C|/x", "/c:/../..", "/C|", "/C|a", "//C:/x", "/x:y@z", "/;a=b", "/'\"", "/[]", "/~!$&()*+,-._",
    "/\ud83d\ude00", "/a/b/../../../c/", "/.a/..b", "/a.%2E/x", "/%2e/..%2F"];
const queries = ["", "?", "?a=b", "?a b", "?'", "?\"<>", "?`{}^|[]\\", "?é", "?%zz%41", "??", "?a#b", "?\u0001\u007f"];
const fragments = ["", "#", "#a", "#a b", "#\"<>`", "#{}^|'\\", "#é", "#a#b", "#%zz", "#\u0000"];

export const bases = ["http://u:p@host:8080/a/b/c?q#f", "https://host/", "ftp://host/a/", "file:///C:/a/b", "file:///a/b", "file://server/share/x",
    "foo://host/p/q", "foo:/p/q", "foo://host", "mailto:x", "ws://host/a", "foo:/.//p", "non-special:opaque  path"];
const references = ["", "g", "./g", "../g", "../../../../g", "g/", "/g", "//g", "///g", "////g", "\\g", "\\\\g", "/\\g", "?y", "#s", "g?y#s", "g;x", ".", "..", "./",
    "../", "http:g", "http:/g", "http://g", "https:g", "file:g", "file:/g", "file://g", "foo:g", "foo:/g", "C:", "C:/x", "C|/x", "/C|/x", "C|", "/C:", "//C:/x",
    "..//g", "g//h", "%2e%2e/g", " g ", "\tg\n", "g:", ":g", "g:h", "1:2", "//", "//@", "//:80", "//g:80", "//g:", "?", "#", "/..//g", "/.//g", "/..///g", "javascript:1",
    "é", "//é/", "g h", "a:b@c", "//u@g/", "file:", "file:?q", "file:#f", "file:..", "file:///", "file://localhost", "file://LOCALHOST/x", "http:", "http:?q", "http:#f", "ws:x"];

function* each_byte() {
    const places = ["http://X@h/", "http://u:X@h/", "http://aXb/", "http://h/aXb", "http://h/?aXb", "http://h/#aXb", "foo://aXb/", "foo:aXb", "foo:/aXb",
        "foo://h/?aXb", "foo://h/#aXb", "X", "Xhttp://h/", "http://h/X", "htXtp://h/", "http:X//h/", "http:/X/h/", "http://h:8X0/", "http://[::X1]/", "file:X", "file:/X/",
        "file://aXb/", "file:///X", "//aXb", "http://1.2.3.X/", "http://h/%X0", "http://a%X0/", "http://h/aX"];
    for (const place of places) for (let code = 0; code < 0x80; ++code) yield [place.replace("X", () => String.fromCharCode(code))];
}

function* each_part() {
    for (const scheme of schemes) for (const slash of slashes) for (const host of ["h", "", "a:b@h"]) yield [scheme + slash + host + "/p"];
    for (const scheme of ["http:", "foo:", "file:"]) {
        for (const host of hosts) yield [scheme + "//" + host + "/p"], yield [scheme + "//" + host];
        for (const user of users) for (const host of ["h", "", "[::1]", "a@b"]) yield [scheme + "//" + user + host + "/"];
        for (const port of ports) for (const host of ["h", "", "[::1]"]) yield [scheme + "//" + host + port + "/"], yield [scheme + "//u@" + host + port];
        for (const path of paths) for (const query of queries) yield [scheme + "//h" + path + query], yield [scheme + path + query], yield [scheme + "//" + path];
        for (const query of queries) for (const fragment of fragments) yield [scheme + "//h" + query + fragment], yield [scheme + "x" + query + fragment];
    }
    for (const scheme of ["https:", "ws:", "wss:", "ftp:"]) for (const port of ports) yield [scheme + "//h" + port + "/"];
    for (const base of bases) for (const reference of references) yield [reference, base];
    for (const base of bases) for (const path of paths) yield [path, base], yield [path.slice(1), base];
}

function* mixtures(count) {
    const chance = random_of(20261121);
    const marks = [..." \t\n\r/\\?#@:[]%.;|<>\"'`{}^~!$&*()+,=0123456789aAzZxX-_éß。１\u0000\u007f\u00ad\u200d", "%2e", "%2f", "//", "::", "xn--", "0x", ".."];
    for (let i = 0; i < count; ++i) {
        let text = pick(chance, schemes) + pick(chance, slashes) + pick(chance, users) + pick(chance, hosts) + pick(chance, ports) + pick(chance, paths) +
            pick(chance, queries) + pick(chance, fragments);
        for (let edits = chance(4); edits > 0; --edits) {
            const at = chance(text.length + 1);
            text = text.slice(0, at) + (chance(3) ? pick(chance, marks) : "") + text.slice(at + chance(2));
        }
        yield chance(3) ? [text] : [text, pick(chance, bases)];
    }
}

export function* urls(count) {
    yield* each_part();
    yield* each_byte();
    yield* mixtures(count);
}
