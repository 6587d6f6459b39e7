// Where gyre differs from the oracles, and why that is wanted. docs/http-core.md and docs/http-client.md say it to users.

const last_day = (text) => /\b(29|30|31)\b/.test(text);
const last_value = (text, name) => text.split(";").slice(1).map((part) => part.split("=")).filter(([word]) => word.trim().toLowerCase() === name)
    .map(([, value]) => (value ?? "").trim()).pop();
const has = (text, name) => last_value(text, name) !== undefined;

const is_for_domain = (text) => (last_value(text, "domain") ?? "").replace(/^\./, "") !== "";

// What __Host- promises.
function keeps_promise(url, text) {
    const path = last_value(text, "path");
    const effective = path?.startsWith("/") ? path : url.pathname.slice(0, url.pathname.lastIndexOf("/")) || "/";
    return has(text, "secure") && path !== undefined && effective === "/" && !is_for_domain(text);
}

export const url_differences = [
    {
        reason: "a host beyond ASCII goes by IDNA 2008 (libidn2): no symbols and emoji, no ASCII punctuation, no empty and no long label beside it",
        is: ([text], ours, theirs) => ours === null && (new URL(theirs.href).host.includes("xn--") || /[。．｡]/.test(text)),
    },
    {
        reason: "the capital sharp s is \"ss\" in libidn2's tables, and \"ß\" in those of Unicode 15.1",
        is: ([text], ours, theirs) => text.includes("ẞ") && ours !== null && theirs !== null && ours.href === theirs.href.replace("xn--zca", "ss"),
    },
];

export const cookie_differences = [
    {
        reason: "RFC 6265bis 5.6: neither name nor value is no cookie",
        is: (text, ours, theirs) => ours === null && theirs.name === "" && theirs.value === "",
    },
    {
        reason: "RFC 6265bis 5.6: a tab may stand in a name or value",
        is: (text, ours, theirs) => theirs === null && (ours.name + ours.value).includes("\t"),
    },
    {
        reason: "RFC 6265bis 5.6: a control character anywhere makes it no cookie, DEL too",
        is: (text, ours, theirs) => ours === null && theirs !== null && /[\u0000-\u0008\u000a-\u001f\u007f]/.test(text),
    },
    {
        reason: "RFC 6265bis 5.6: what stands before the first equals sign is the name, though it be nothing",
        is: (text, ours, theirs) => ours !== null && theirs !== null && ours.name === "" && /^\s*=.*=/.test(text.split(";")[0]),
    },
    {
        reason: "RFC 6265bis 5.6.3: of several Domain attributes the last one counts, even if it is empty",
        is: (text, ours, theirs) => ours !== null && theirs !== null && /^\.?$/.test(last_value(text, "domain") ?? "x") && ours.domain === "" &&
            JSON.stringify({ ...ours, domain: theirs.domain }) === JSON.stringify(theirs),
    },
];

export const date_differences = [
    {
        reason: "RFC 6265bis 5.1.1: a day that the month does not have is no date",
        is: (text, ours, theirs) => ours === null && last_day(text) && new Date(theirs * 1000).getUTCDate() <= 3,
    },
    {
        reason: "RFC 6265bis 5.1.1: anything but a digit may follow a time, a colon too",
        is: (text) => /\d+:\d+:\d+\D\S*:|\d+:\d+:\d+:/.test(text),
    },
];

// Set-Cookie fields that a jar of gyre's does not take, though tough-cookie does: they are left out of what it is told.
export const jar_refusals = [
    { reason: "RFC 6265bis 5.7: Secure only from a secure origin", is: (url, text) => url.protocol === "http:" && has(text, "secure") },
    { reason: "RFC 6265bis 5.7: SameSite=None only with Secure", is: (url, text) => /^none$/i.test(last_value(text, "samesite") ?? "") && !has(text, "secure") },
    { reason: "RFC 6265bis 4.1.3: prefixes count in any case", is: (url, text) => /^__(secure|host)-/i.test(text) && !/^__(Secure|Host)-/.test(text) && !has(text, "secure") },
    { reason: "RFC 6265bis 5.7: __Host-, in any case, needs Secure, no Domain, and a Path attribute", is: (url, text) => /^__host-/i.test(text) && !keeps_promise(url, text) },
];

// What says the same to gyre, and something else to tough-cookie.
export const jar_readings = [
    {
        reason: "RFC 6265bis 5.6.3: a last Domain attribute that is empty takes back the ones before",
        applies: (url, text) => /^\.?$/.test(last_value(text, "domain") ?? "x"),
    },
    {
        reason: "RFC 6265bis 5.7: a host that is a public suffix, or an address, may name itself",
        applies: (url, text) => (last_value(text, "domain") ?? "").replace(/^\./, "").toLowerCase() === url.hostname && ["com", "127.0.0.1", "[::1]"].includes(url.hostname),
    },
];
export const without_domain = (text) => text.split(";").filter((part, i) => i === 0 || part.split("=")[0].trim().toLowerCase() !== "domain").join(";");

export const jar_differences = [
    {
        reason: "RFC 6265bis 5.7: a cookie for the exact host and one for its domain are two",
        is: (steps) => steps.some(([kind, , text], i) => kind === "set" &&
            steps.slice(0, i).some(([, , older]) => older && older.split("=")[0] === text.split("=")[0] && is_for_domain(older) !== is_for_domain(text))),
    },
    {
        reason: "RFC 6265bis 5.7: what came over TLS with Secure is not replaced or hidden from outside TLS",
        is: (steps) => steps.some(([kind, url, text], i) => kind === "set" && url.startsWith("http:") &&
            steps.slice(0, i).some(([, earlier, older]) => earlier.startsWith("https:") && older && has(older, "secure") && older.split("=")[0] === text.split("=")[0])),
    },
];
