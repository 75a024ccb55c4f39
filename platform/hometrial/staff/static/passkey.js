"use strict";
// Forms with data-ask need a passkey: the server says what is to be signed, the device signs, the form carries it.
// Without this file or without passkeys they stay hidden, and password and code do the same.

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

const words = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

function request(options) {
  const asked = { ...options, challenge: bytes(options.challenge) };
  if (!options.user) {
    return navigator.credentials.get({
      publicKey: { ...asked, allowCredentials: known(options.allowCredentials) },
    });
  }
  return navigator.credentials.create({
    publicKey: {
      ...asked,
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: known(options.excludeCredentials),
    },
  });
}

function written(credential) {
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = words(credential.response[part]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: words(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: {},
  });
}

async function answer(form) {
  const told = form.querySelector("[role=status]");
  told.textContent = "";
  try {
    const asked = await fetch(form.dataset.ask, {
      method: "POST",
      headers: { "X-CSRFToken": form.elements.csrf_token.value },
    });
    if (asked.redirected) {
      location.assign(asked.url);
      return;
    }
    if (!asked.ok) throw new Error(String(asked.status));
    form.elements.answer.value = written(await request(await asked.json()));
    form.submit();
  } catch {
    told.textContent = form.dataset.failed;
  }
}

if (window.PublicKeyCredential && navigator.credentials) {
  for (const form of document.querySelectorAll("form[data-ask]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer(form);
    });
    form.hidden = false;
  }
}
