import { createApp } from "vue";
import "../generated/tokens.css";
import "../styles/base.css";
import "./drafting.css";
import DraftingPage from "./DraftingPage.vue";
import { SESSION } from "./context";
import { openSession } from "./session";

const session = openSession();
createApp(DraftingPage).provide(SESSION, session).mount("#app");
void session.start();
