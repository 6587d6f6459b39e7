// Reading histograms: quantiles, what came since an earlier one, and where a bucket begins.

/** Buckets are an eighth of a power of two wide. */
export function lower(upto) {
  const width = upto < 8 ? 1 : 2 ** (Math.floor(Math.log2(upto)) - 3);
  return Math.max(0, upto - width);
}

export function quantile(buckets, part) {
  const all = buckets.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  for (const { upto_ns, count } of buckets) {
    seen += count;
    if (seen >= part * all) return upto_ns;
  }
  return 0;
}

/** What `now` has more than `before`; all of it if the histogram was begun anew meanwhile. */
export function since(now, before) {
  if (!before || before.count > now.count) return now;
  const old = new Map(before.buckets.map(({ upto_ns, count }) => [upto_ns, count]));
  const buckets = now.buckets.map(({ upto_ns, count }) => ({ upto_ns, count: count - (old.get(upto_ns) ?? 0) })).filter(({ count }) => count > 0);
  return { ...now, buckets, count: now.count - before.count, longest: buckets.at(-1)?.upto_ns ?? 0 };
}

export function figuresOf({ buckets, count, longest }) {
  // A bucket is known by its upper end, beyond which nothing was.
  const part = (of) => Math.min(quantile(buckets, of), longest);
  return { count, p50: part(0.5), p90: part(0.9), p99: part(0.99), longest };
}
