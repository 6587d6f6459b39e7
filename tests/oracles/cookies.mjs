// Set-Cookie fields, dates and visits to ask about.

import { pick, random_of } from "./random.mjs";

const pairs = ["a=b", "a=", "=b", "a", "", "=", " a = b ", "a=b=c", "a==", "\ta\t=\tb\t", "a=\"b\"", "\"a\"=b", "a=b c", "a b=c", "a=b,c", "é=ü", "__Secure-a=b", "__Host-a=b",
    "__secure-a=b", "__HOST-a=b", "a=\u0001", "a\u007f=b", "a=b\tc", "a=%3b", "$Version=1", "a=b;", "a=b;;", "x".repeat(50) + "=" + "y".repeat(50)];
const attributes = ["", " ", "Secure", "secure", "SECURE=x", "Secure=", "HttpOnly", "httponly=0", "Path=/", "path=/p/q", "Path=", "Path", "Path=p", "Path=/p/", " Path = /x ", "PATH=\"/q\"",
    "Domain=example.com", "domain=.example.com", "Domain=EXAMPLE.com", "Domain=", "Domain", "Domain=..example.com", "Domain=.", "Domain=www.example.com", "Domain=other.com", "Domain=com",
    "Domain=co.uk", "Domain=example.co.uk", "Domain=ample.com", "Max-Age=10", "max-age=0", "Max-Age=-1", "Max-Age=-0", "Max-Age=+1", "Max-Age=1.5", "Max-Age=", "Max-Age=x", "Max-Age= 7 ",
    "Max-Age=00012", "Expires=Wed, 09 Jun 2027 10:18:14 GMT", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Expires=nonsense", "Expires=", "Expires", "Expires=Sun Nov  6 08:49:37 2094",
    "SameSite=Lax", "samesite=STRICT", "SameSite=None", "SameSite=x", "SameSite", "SameSite=", "Unknown=1", "Priority=High", "=x", "Secure Path=/x", "Version=1"];

const numbers = ["0", "1", "01", "001", "6", "31", "32", "00", "99", "12", "100"];
const months = ["jan", "Feb", "MAR", "apr", "may", "June", "jul", "Augustus", "sep", "oct", "nov", "dec", "foo", "ma", "13"];
const years = ["2027", "27", "69", "70", "99", "00", "1970", "1600", "1601", "0027", "027", "20270", "9999", "7"];
const times = ["10:18:14", "1:2:3", "24:00:00", "23:59:59", "23:60:00", "23:59:60", "10:18", "10:18:14:00", "100:18:14", "10:18:14x", "x10:18:14", "10:18:140", "-10:18:14", "10:1a:14"];
const separators = [" ", "-", ", ", ";", "/", "\t", "  ", ":", "'", "~", "@", "x", "\u0000", "\u007f"];

export function* dates(count) {
    yield* ["", "Wed, 09 Jun 2027 10:18:14 GMT", "Wednesday, 09-Jun-27 10:18:14 GMT", "Wed Jun  9 10:18:14 2027", "9 jun 2027 10:18:14", "10:18:14 2027 9 jun", "Jun 2027 9 10:18:14",
        "29 Feb 2027 0:0:0", "29 Feb 2028 0:0:0", "31 Apr 2027 0:0:0", "Wed, 09 Jun 2027 10:18:14 +0200", "09 Jun 2027T10:18:14Z", "2027-06-09T10:18:14Z"];
    const chance = random_of(7);
    for (let i = 0; i < count; ++i) {
        const parts = [pick(chance, numbers), pick(chance, months), pick(chance, years), pick(chance, times)];
        if (chance(4) === 0) parts.splice(chance(parts.length), 1);
        if (chance(4) === 0) parts.push(pick(chance, [numbers, months, years, times][chance(4)]));
        if (chance(2)) parts.sort(() => chance(3) - 1);
        yield parts.map((part, i) => (i ? (chance(4) ? " " : pick(chance, separators)) : "") + part).join("") + pick(chance, ["", " GMT", " UTC", "Z", " x"]);
    }
}

export function* set_cookies(count) {
    for (const pair of pairs) for (const attribute of attributes) yield pair + "; " + attribute;
    for (const first of attributes) for (const second of attributes) yield "a=b;" + first + ";" + second;
    const chance = random_of(8);
    for (let i = 0; i < count; ++i) {
        let text = pick(chance, pairs);
        for (let more = chance(5); more > 0; --more) text += pick(chance, [";", "; ", " ; "]) + pick(chance, attributes);
        if (chance(3) === 0) {
            const at = chance(text.length + 1);
            text = text.slice(0, at) + pick(chance, [..."=; \t,\"%é"]) + text.slice(at + chance(2));
        }
        yield text;
    }
}

const paths = ["/", "/p", "/p/", "/p/q", "/pq", "/p/q/r", "/x%20y", "/P"];
const families = [["example.com", "www.example.com", "a.www.example.com"], ["example.com", "www.example.com"], ["www.example.com"], ["example.co.uk", "example.com"],
    ["example.com", "notexample.com", "other.com"], ["127.0.0.1"], ["[::1]"], ["com", "example.com"]];
const names = ["a", "a", "b", "__Secure-c", "__Host-d", "__secure-e", "__HOST-f"];

/** Few hosts and names in each, so that cookies meet: a list of ["set", url, cookie] and ["get", url]. */
export function* visits(count) {
    const chance = random_of(9);
    for (let i = 0; i < count; ++i) {
        const hosts = pick(chance, families);
        const visit = (...schemes) => pick(chance, schemes) + "://" + pick(chance, hosts) + pick(chance, paths);
        const steps = [];
        for (let sets = 1 + chance(5); sets > 0; --sets) {
            let text = pick(chance, names) + "=" + chance(100);
            for (let more = chance(4); more > 0; --more) text += "; " + pick(chance, attributes);
            steps.push(["set", visit("http", "https", "https"), text]);
        }
        for (let gets = 4; gets > 0; --gets) steps.push(["get", visit("http", "https")]);
        yield steps;
    }
}
