// The same numbers every time.
export function random_of(seed) {
    let state = seed >>> 0;
    return (bound) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * bound);
    };
}

export const pick = (chance, list) => list[chance(list.length)];
