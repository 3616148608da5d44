// A row of radio buttons in a fieldset.

import { element } from "./dom.js";

// `options`: {value, title}. Does nothing where they are there already, so that the focus stays.
export function showChoices(fieldset, options, chosen, onChoice) {
  const shown = [...fieldset.querySelectorAll("input")];
  if (shown.map(({ value }) => value).join() === options.map(({ value }) => value).join()) {
    for (const input of shown) input.checked = input.value === chosen;
    return;
  }
  for (const input of shown) input.parentElement.remove();
  for (const { value, title } of options) {
    const input = element("input", { type: "radio", name: fieldset.id, value });
    input.checked = value === chosen;
    input.addEventListener("change", () => onChoice(value));
    fieldset.append(element("label", {}, input, element("span", {}, title)));
  }
}
