import { sentence } from "./words.js";

const page = location.pathname.split("/").pop();
for (const link of document.querySelectorAll("nav a")) link.classList.toggle("here", link.getAttribute("href") === page);

document.getElementById("visits").textContent = sentence(await auroraview.visits.enter(page));
