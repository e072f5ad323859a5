// Shows the buttons that copy a text field, which need a script. Without one, the field can be selected by hand.
"use strict";
for (const button of document.querySelectorAll("button[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // pages without TLS have no navigator.clipboard
    }
    button.parentElement.querySelector("[role=status]").textContent = button.dataset.done;
  });
}
