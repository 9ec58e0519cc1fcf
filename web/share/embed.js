// The way out of a stage that stands in somebody's page (web/src/panels/embed.rs): a link to the whole page, made anew as soon
// as somebody is about to follow it, so that it leads to the moment shown.
const whole = document.getElementById("whole");
const lead = (fragment) => (whole.href = `${location.href.split("#")[0]}#${fragment}`);
const ask = () => {
  const answer = (fragment) => fragment && lead(fragment);
  window.dispatchEvent(new CustomEvent("share-ask", { detail: ["link", null, null, answer] }));
};

lead(location.hash.replace(/^#embed&?/, ""));
for (const near of ["pointerenter", "pointerdown", "focus"]) whole.addEventListener(near, ask);
