// Dark or light: the system's wish until somebody presses the switch.

import { byId, svg } from './dom.js';

const KEY = 'gyre-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function chosen() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

const isDark = () => (chosen() ? chosen() === 'dark' : system.matches);

const ICONS = {
  dark: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.500 10.500z',
  light: 'M12 3v2m0 14v2M3 12h2m14 0h2M5.600 5.600l1.400 1.400m10 10 1.400 1.400m0-12.800-1.400 1.400m-10 10-1.400 1.400M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0z',
};

function show() {
  const theme = isDark() ? 'dark' : 'light';
  document.documentElement.dataset.theme = theme;
  byId('theme').replaceChildren(
    svg('svg', { viewBox: '0 0 24 24', width: 16, height: 16, 'aria-hidden': 'true', class: 'glyph' }, svg('path', { d: ICONS[theme] })));
}

export function toggleTheme() {
  try { localStorage.setItem(KEY, isDark() ? 'light' : 'dark'); } catch { /* then it lasts as long as the page */ }
  document.documentElement.dataset.theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  show();
}

export function startTheme() {
  show();
  system.addEventListener('change', show);
  byId('theme').addEventListener('click', toggleTheme);
}
