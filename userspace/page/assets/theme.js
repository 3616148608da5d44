// Before the first paint, so that no page flashes in the other theme: what was chosen here before, else the system's.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  try {
    const chosen = localStorage.getItem("brahe-theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch {
    // A browser that keeps nothing: the system's theme.
  }
})();
