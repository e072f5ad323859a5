// Passkeys: gets a challenge from this site, has the browser answer it, and sends the answer back. Whatever has
// `data-passkey` is shown only where the browser can do that; without this script, people log in another way.
"use strict";

(() => {
  const part = document.querySelector("[data-passkey]");
  const known = window.PublicKeyCredential;
  if (!part || !known || !known.parseRequestOptionsFromJSON || !known.parseCreationOptionsFromJSON) return;
  const { passkey: kind, options: from, answer: to } = part.dataset;
  const button = part.querySelector("button");
  const problem = part.querySelector("[role=alert]");

  async function post(path, value) {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(value) });
    const said = await response.json();
    if (said.next) location.assign(said.next);
    if (!response.ok) throw new Error(said.error);
    return said;
  }

  async function act() {
    const options = await post(from, {});
    const credential =
      kind === "create"
        ? await navigator.credentials.create({ publicKey: known.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: known.parseRequestOptionsFromJSON(options) });
    await post(to, credential.toJSON());
  }

  button.addEventListener("click", async () => {
    problem.hidden = button.disabled = true;
    try {
      await act();
    } catch (error) {
      problem.hidden = error.name === "NotAllowedError" || error.name === "AbortError"; // the person has cancelled it
    }
    button.disabled = false;
  });
  part.hidden = false;
})();
