// What this browser keeps of the page between visits; some keep nothing.

export function remember(key, value) {
  try {
    localStorage.setItem(`brahe-${key}`, value);
  } catch {
    // A browser that keeps nothing.
  }
}

export function remembered(key) {
  try {
    return localStorage.getItem(`brahe-${key}`);
  } catch {
    return null;
  }
}
