// How do the pages look? Ink on paper, one green, red for what is wrong; light and dark, from a phone on.

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f6f4ee;
  --card: #ffffff;
  --ink: #17211f;
  --ink-soft: #54605c;
  --line: #dcd8cc;
  --line-strong: #85908b;
  --green: #0f6a62;
  --green-deep: #0a514b;
  --green-wash: #e1f0ec;
  --on-green: #ffffff;
  --amber: #d98a1f;
  --red: #a92a22;
  --red-wash: #fbe8e5;
  --shadow: 0 1px 2px rgb(23 33 31 / 6%), 0 12px 32px -16px rgb(23 33 31 / 22%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #101716;
    --card: #182120;
    --ink: #ebefec;
    --ink-soft: #a3afaa;
    --line: #2b3735;
    --line-strong: #6d7b77;
    --green: #57c2b3;
    --green-deep: #7ad6c9;
    --green-wash: #16332f;
    --on-green: #06211e;
    --amber: #e7a545;
    --red: #ff9a8f;
    --red-wash: #3a1d1a;
    --shadow: 0 1px 2px rgb(0 0 0 / 40%), 0 12px 32px -16px rgb(0 0 0 / 60%);
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  display: grid;
  align-content: safe center;
  min-height: 100vh;
  min-height: 100svh;
  margin: 0;
  padding: 2rem clamp(1rem, 5vw, 2rem);
  background: var(--paper);
  color: var(--ink);
  font: 1rem / 1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif;
}
[hidden] { display: none !important; }
h1, p, form { margin: 0; }
h1 { font-size: 1.5rem; line-height: 1.2; letter-spacing: -0.015em; text-wrap: balance; }
h1:focus { outline: none; }
p { text-wrap: pretty; }
.site {
  display: flex;
  align-items: center;
  justify-content: center;
  gap: 0.5rem;
  margin: 0 0 1.25rem;
  color: var(--ink-soft);
  font-weight: 600;
  overflow-wrap: anywhere;
}
.site svg { flex: none; width: 1.75rem; height: 1.75rem; }
.lid { fill: var(--amber); }
.jar { fill: var(--green); }
.hole { fill: var(--card); }
main {
  display: grid;
  gap: 1rem;
  width: 100%;
  max-width: 27rem;
  margin: 0 auto;
  padding: clamp(1.25rem, 5vw, 2rem);
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 14px;
  box-shadow: var(--shadow);
}
main > svg { width: 3rem; height: 3rem; }
form, .field { display: grid; }
form { gap: 1.125rem; }
.field { gap: 0.375rem; }
.soft, .hint { color: var(--ink-soft); }
.hint { font-size: 0.875rem; }
.alert {
  padding: 0.75rem 0.875rem;
  border-radius: 9px;
  background: var(--red-wash);
  color: var(--red);
}
.alert:empty { display: none; }
.note {
  padding: 0.75rem 0.875rem;
  border-radius: 9px;
  background: var(--green-wash);
}
label { font-weight: 600; }
input {
  width: 100%;
  min-height: 2.75rem;
  padding: 0.5rem 0.75rem;
  border: 1px solid var(--line-strong);
  border-radius: 9px;
  background: var(--card);
  color: inherit;
  font: inherit;
}
input[aria-invalid="true"] { border-color: var(--red); box-shadow: 0 0 0 1px var(--red); }
.error { color: var(--red); font-size: 0.875rem; }
button, .button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  min-height: 2.75rem;
  padding: 0.5rem 1.25rem;
  border: 1px solid transparent;
  border-radius: 9px;
  background: var(--green);
  color: var(--on-green);
  font: inherit;
  font-weight: 600;
  text-decoration: none;
  cursor: pointer;
}
button:hover, .button:hover { background: var(--green-deep); }
button[aria-busy="true"] { opacity: 0.7; cursor: progress; }
:focus-visible { outline: 3px solid var(--green); outline-offset: 2px; }
.done { color: var(--green); }
.over { color: var(--ink-soft); }
@media (forced-colors: active) { main, input, button, .button { border-color: CanvasText; } }
`
