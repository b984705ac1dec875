// Sends the forms of the documentation and shows what came back.
"use strict";

/** The address that a form asks for: what was left empty is left out. */
function addressOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("input")) {
    const text = input.value.trim();
    if (input.dataset.key) {
      const key = encodeURIComponent(text || input.placeholder);
      path = path.replace(`{${input.name}}`, key);
    } else if (text) {
      const values = input.dataset.repeatable ? text.split(/\s*\|\s*/) : [text];
      for (const value of values) query.append(input.name, value);
    }
  }
  return query.size ? `${path}?${query}` : path;
}

async function show(form) {
  const output = form.querySelector("output");
  const address = addressOf(form);
  output.replaceChildren();
  const line = output.appendChild(document.createElement("p"));
  const link = line.appendChild(document.createElement("a"));
  link.href = address;
  link.textContent = address;
  try {
    const response = await fetch(address, { headers: { "X-Server-Timing": "1" } });
    line.append(` ${response.status} ${response.headers.get("Server-Timing") ?? ""}`);
    const kind = response.headers.get("Content-Type") ?? "";
    if (kind.startsWith("image/")) {
      const picture = output.appendChild(document.createElement("img"));
      picture.src = address;
      picture.alt = "The picture that came back";
      picture.width = 200;
    } else {
      const text = await response.text();
      const body = output.appendChild(document.createElement("pre"));
      body.textContent = kind.includes("json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
    }
  } catch (error) {
    line.append(` No answer: ${error.message}`);
  }
}

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(form);
  });
}
