// Solves the challenge of the bot check (accounts/botcheck/work.py): for each round a number with
// which SHA-256 of `salt:round:number` begins with enough zero bits. Own arithmetic, because
// crypto.subtle takes longer to call than to reckon and is missing without https; in short pieces on
// the page's own thread, because a worker would need a policy of Trusted Types, and there is none.
// Without this file the person waits instead.
const primes = [];
for (let number = 2; primes.length < 64; number += 1) {
  if (primes.every((prime) => number % prime)) primes.push(number);
}
const fraction = (value) => ((value % 1) * 2 ** 32) | 0;
const START = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
const STEPS = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const words = new Int32Array(64);

const turned = (word, by) => (word >>> by) | (word << (32 - by));

// The first 32 bits of SHA-256 of one block of 64 bytes (FIPS 180-4, 6.2.2).
const beginning = (block) => {
  for (let at = 0; at < 16; at += 1) words[at] = block.getInt32(4 * at);
  for (let at = 16; at < 64; at += 1) {
    const old = words[at - 15];
    const late = words[at - 2];
    const first = turned(old, 7) ^ turned(old, 18) ^ (old >>> 3);
    const second = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
    words[at] = (words[at - 16] + first + words[at - 7] + second) | 0;
  }
  let [a, b, c, d, e, f, g, h] = START;
  for (let at = 0; at < 64; at += 1) {
    const low = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const one = (h + low + ((e & f) ^ (~e & g)) + STEPS[at] + words[at]) | 0;
    const high = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
    const two = (high + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  return (a + START[0]) >>> 0;
};

const breath = () =>
  new Promise((resume) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = resume;
    channel.port2.postMessage(0);
  });

const solved = async (opening, digits, bits) => {
  const bytes = new Uint8Array(64);
  const { written } = new TextEncoder().encodeInto(opening + "0".repeat(digits), bytes);
  bytes[written] = 0x80;
  const block = new DataView(bytes.buffer);
  block.setInt32(60, 8 * written);
  let rest = performance.now() + 8;
  while (beginning(block) >>> (32 - bits)) {
    let digit = written - 1;
    while (bytes[digit] === 0x39) bytes[digit--] = 0x30;
    bytes[digit] += 1;
    if (digit < written - 2 && performance.now() > rest) {
      await breath();
      rest = performance.now() + 8;
    }
  }
  return new TextDecoder().decode(bytes.subarray(written - digits, written));
};

const form = document.querySelector("form[data-salt]");
const working = form?.querySelector("[data-working]");

const work = async () => {
  const { salt, rounds, bits, digits } = form.dataset;
  const progress = working.querySelector("progress");
  const numbers = [];
  while (numbers.length < Number(rounds)) {
    numbers.push(await solved(`${salt}:${numbers.length}:`, Number(digits), Number(bits)));
    progress.value = numbers.length;
    await breath();
  }
  form.elements.bot_answer.value = numbers.join(",");
};

if (form) {
  let pressed = false;
  // Whoever presses too early need not press again.
  const early = (event) => {
    event.preventDefault();
    pressed = true;
  };
  form.querySelector("[data-waiting]").hidden = true;
  working.hidden = false;
  form.addEventListener("submit", early);
  const [entry] = performance.getEntriesByType("navigation");
  // Whoever came back to this page wants to go further back.
  const goes = entry?.type !== "back_forward" && !form.querySelector("input:not([type=hidden])");
  work().then(() => {
    form.removeEventListener("submit", early);
    const status = working.querySelector("[role=status]");
    if (pressed || goes) form.requestSubmit();
    else status.textContent = status.dataset.done;
  });
}
