// Does the work that a sign-up form requires during a flood of sign-ups (pressrun.core.abuse.work), in a worker, so that the
// page stays responsive. If anything fails, the form is sent without it, and accepted as from a browser without script.
// The hash is our own, because the browser's is missing on pages without TLS, and slower for this.
"use strict";

const K = new Uint32Array(64); // the fractions of the cube roots of the first primes, FIPS 180-4 §4.2.2
const START = new Uint32Array(8); // those of the square roots of the first eight, §5.3.3
const W = new Uint32Array(64);

function fillConstants() {
  const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32);
  for (let number = 2, found = 0; found < 64; number++) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= number; divisor++) isPrime &&= number % divisor !== 0;
    if (!isPrime) continue;
    if (found < 8) START[found] = fraction(Math.sqrt(number));
    K[found++] = fraction(Math.cbrt(number));
  }
}

// One block of SHA-256 from the 16 words in W: adds it to `state` (§6.2.2).
function hashBlock(state) {
  for (let at = 16; at < 64; at++) {
    const x = W[at - 15], y = W[at - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[at] = (W[at - 16] + s0 + W[at - 7] + s1) | 0;
  }
  let a = state[0] | 0, b = state[1] | 0, c = state[2] | 0, d = state[3] | 0;
  let e = state[4] | 0, f = state[5] | 0, g = state[6] | 0, h = state[7] | 0;
  for (let at = 0; at < 64; at++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[at] + W[at]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

function hashText(text) {
  const bytes = new TextEncoder().encode(text);
  const padded = new DataView(new ArrayBuffer(((bytes.length + 72) >>> 6) << 6));
  new Uint8Array(padded.buffer).set(bytes);
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(padded.byteLength - 4, bytes.length * 8);
  const state = START.slice();
  for (let from = 0; from < padded.byteLength; from += 64) {
    for (let at = 0; at < 16; at++) W[at] = padded.getUint32(from + at * 4);
    hashBlock(state);
  }
  return state;
}

// The first number whose hash with `ground` begins with that many zero bits: 36 octets and padding, one block.
function solve(ground, bits) {
  const state = new Uint32Array(8);
  for (let number = 0; ; number++) {
    state.set(START);
    W.set(ground);
    W[8] = number;
    W[9] = 0x80000000;
    W.fill(0, 10, 15);
    W[15] = 36 * 8;
    hashBlock(state);
    if (state[0] >>> (32 - bits) === 0) return number;
  }
}

function workFor(form, script) {
  const { email, challenge, proof } = form.elements;
  const status = form.querySelector("[role=status]");
  let worker = null, workedFor = null, isDone = false, isSent = false;

  const send = () => {
    isSent = false;
    form.submit();
  };
  const finish = (number) => {
    proof.value = number;
    isDone = true;
    if (isSent) begin(); // the address may have changed since
    if (isSent && isDone) send();
  };
  const begin = () => {
    if (email.value === workedFor || !email.value || !email.validity.valid) return;
    worker?.terminate();
    [workedFor, isDone, proof.value] = [email.value, false, ""];
    try {
      const one = (worker = new Worker(script));
      one.onmessage = (message) => one === worker && finish(message.data);
      one.onerror = () => one === worker && finish("");
      worker.postMessage({ text: `${challenge.value}\n${workedFor}`, bits: Number(form.dataset.bits) });
    } catch {
      finish("");
    }
  };
  email.addEventListener("change", begin); // start early, so that nobody waits
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    begin();
    isSent = true;
    if (isDone) send();
    else status.textContent = status.dataset.working;
  });
  addEventListener("pageshow", () => { // also after going back to this page
    status.textContent = "";
    begin();
  });
}

if (typeof document === "undefined") {
  fillConstants();
  onmessage = (message) => postMessage(String(solve(hashText(message.data.text), message.data.bits)));
} else {
  const script = document.currentScript.src;
  for (const form of document.querySelectorAll("form[data-bits]")) workFor(form, script);
}
