// Holds gyre's URLs and cookies against npm's whatwg-url and tough-cookie, on thousands of inputs.
//
// usage: node compare.mjs PROGRAM NODE_MODULES
//
// Every difference must be one of those in differences.mjs, which says why it is wanted; and each of those must be met.

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { cookie_differences, date_differences, jar_differences, jar_readings, jar_refusals, url_differences, without_domain } from "./differences.mjs";
import { dates, set_cookies, visits } from "./cookies.mjs";
import { urls } from "./urls.mjs";

const [program, node_modules] = process.argv.slice(2);
const require = createRequire(node_modules + "/");
const { URL } = require("whatwg-url");
const { Cookie, CookieJar, parseDate } = require("tough-cookie");

const now = Math.floor(Date.now() / 1000);
const hex = (text) => "=" + Buffer.from(text, "utf8").toString("hex");
const show = (value) => JSON.stringify(value);
const unhex = (word) => (word.startsWith("=") ? Buffer.from(word.slice(1), "hex").toString("utf8") : word === "-" ? null : word);

function ask(questions) {
    const result = spawnSync(program, { input: questions.join("\n") + "\n", maxBuffer: 1 << 30, encoding: "utf8" });
    const lines = result.stdout.split("\n").slice(0, -1);
    if (result.status !== 0 || lines.length !== questions.length) throw new Error(`${program} answered ${lines.length} of ${questions.length}: ${result.stderr}`);
    return lines;
}

// --- what the oracles say, in the form in which gyre's answers are read --------------------------------------------

function their_url(text, base) {
    try {
        const url = new URL(text, base);
        return { href: url.href, origin: url.origin };
    } catch {
        return null;
    }
}

function our_url(line) {
    const words = line.split(" ");
    const take = () => {
        const word = words.shift();
        return word === "refused" ? null : { href: unhex(word), origin: unhex(words.shift()) };
    };
    return { whatwg: take(), strict: take() };
}

function their_cookie(text) {
    const cookie = Cookie.parse(text, { loose: true });
    if (!cookie) return null;
    const expires = cookie.expires instanceof Date ? Math.floor(cookie.expires.getTime() / 1000) : null;
    return { name: cookie.key, value: cookie.value, domain: cookie.domain ?? "", path: cookie.path, max_age: cookie.maxAge ?? null, expires,
        same_site: cookie.sameSite ?? "unset", secure: cookie.secure, http_only: cookie.httpOnly };
}

function our_cookie(line) {
    if (line === "ignored") return null;
    const [name, value, domain, path, max_age, expires, same_site, secure, http_only] = line.split(" ").map(unhex);
    const number = (word) => (word === null ? null : Number(word));
    // A path that does not begin with a slash is kept as it was sent: the jar then takes the default, as the oracle does.
    return { name, value, domain, path: path?.startsWith("/") ? path : null, max_age: number(max_age), expires: number(expires), same_site, secure: secure !== null, http_only: http_only !== null };
}

function their_date(text) {
    const date = parseDate(text);
    return date ? Math.floor(date.getTime() / 1000) : null;
}

function their_headers(steps) {
    const jar = new CookieJar(undefined, { prefixSecurity: "silent" });
    const headers = [];
    for (const [kind, url, text] of steps) {
        if (kind === "get") {
            headers.push(jar.getCookieStringSync(url) || null);
            continue;
        }
        const refusal = jar_refusals.find((rule) => rule.is(new URL(url), text));
        if (refusal) refusal.met = true;
        if (refusal) continue;
        const reading = jar_readings.find((rule) => rule.applies(new URL(url), text));
        if (reading) reading.met = true;
        jar.setCookieSync(reading ? without_domain(text) : text, url, { ignoreError: true, loose: true });
    }
    return headers;
}

const our_headers = (line) => line.split(" ").slice(1).map((word) => (word === "none" ? null : unhex(word)));

// --- comparing -----------------------------------------------------------------------------------------------------

let failures = 0;
function complain(text) {
    if (++failures <= 40) console.log(text);
}

function compare(title, inputs, question_of, theirs_of, ours_of, differences) {
    const lines = ask(inputs.map(question_of));
    const met = new Map(differences.map((difference) => [difference, 0]));
    inputs.forEach((input, i) => {
        const ours = ours_of(lines[i]);
        const theirs = theirs_of(input);
        if (show(ours) === show(theirs)) return;
        const known = differences.find((difference) => difference.is(input, ours, theirs));
        if (known) met.set(known, met.get(known) + 1);
        else complain(`${title} ${show(input)}\n  gyre   ${show(ours)}\n  oracle ${show(theirs)}`);
    });
    for (const [difference, count] of met) {
        if (count === 0) complain(`${title}: no input meets the difference "${difference.reason}" any more`);
        console.log(`  ${String(count).padStart(6)} wanted: ${difference.reason}`);
    }
    console.log(`${title}: ${inputs.length} inputs`);
}

function compare_urls(inputs) {
    const question = ([text, base]) => "url " + hex(text) + (base === undefined ? "" : " " + hex(base));
    compare("url", inputs, question, ([text, base]) => their_url(text, base), (line) => our_url(line).whatwg, url_differences);
    // Strict mode refuses more, and never reads something else.
    const lines = ask(inputs.map(question));
    inputs.forEach((input, i) => {
        const { whatwg, strict } = our_url(lines[i]);
        if (strict && show(strict) !== show(whatwg)) complain(`url ${show(input)}: strict mode reads ${show(strict)}`);
    });
}

compare_urls([...urls(30_000)]);
compare("cookie", [...set_cookies(10_000)], (text) => "cookie " + hex(text), their_cookie, our_cookie, cookie_differences);
compare("date", [...dates(20_000)], (text) => "date " + hex(text), their_date, (line) => (line === "none" ? null : Number(line)), date_differences);
const jar_question = (steps) => `jar ${now} ` + steps.map(([kind, ...texts]) => [kind, ...texts.map(hex)].join(" ")).join(" ");
compare("jar", [...visits(10_000)], jar_question, their_headers, our_headers, jar_differences);
for (const rule of [...jar_refusals, ...jar_readings]) {
    console.log(`         wanted: ${rule.reason}`);
    if (!rule.met) complain(`jar: no input meets the difference "${rule.reason}" any more`);
}

if (failures > 0) {
    console.log(`${failures} differences that are not wanted`);
    process.exit(1);
}
