// Stands for app.py in an ordinary browser.
import { mockHost } from "@auroraview/sdk/dev";
import type { Api } from "./api";

mockHost<Api>({
  functions: {
    "api.shots": () => ["mock_010", "mock_020"],
    "api.render": (shot) => `${shot} rendered by nobody`,
  },
  state: { zoom: 50 },
});
