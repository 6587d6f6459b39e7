// Elements are made, never parsed: names of tasks come from outside, and the page's policy forbids innerHTML altogether.

const SVG = 'http://www.w3.org/2000/svg';

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'data') Object.assign(node.dataset, value);
    else if (name === 'style') for (const [key, to] of Object.entries(value)) node.style.setProperty(key, to);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** el('button', {class: 'x', onclick: f, style: {width: '3px'}}, 'text', child, null, [more]) */
export function el(tag, attributes, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

export const byId = (id) => document.getElementById(id);

/** Sets a text only if it changed, so that selections and screen readers are left alone. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A choice of one among a few: buttons side by side. `choices` is [[value, label]...]. */
export function segments(label, choices, value, onchange) {
  const buttons = choices.map(([each, text]) =>
    el('button', { type: 'button', class: 'segment', data: { value: each }, 'aria-pressed': String(each === value), onclick: () => set(each, true) }, text));
  function set(next, tell) {
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.value === next));
    if (tell) onchange(next);
  }
  const node = el('div', { class: 'segments', role: 'group', 'aria-label': label }, buttons);
  return { node, set: (next) => set(next, false) };
}

/** What stands where there is nothing to show. */
export function empty(title, ...text) {
  return el('div', { class: 'empty' }, el('p', { class: 'empty-title' }, title), text.length ? el('p', {}, ...text) : null);
}
