// Posts an order, repeats it, sends another content under its number, waits for the outcome and reads: with the types that
// openapi-typescript makes of the document. Prints what it found as JSON.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.d.ts";

declare const process: { argv: string[] };

const [url, token, text] = process.argv.slice(2) as [string, string, string];
const order = JSON.parse(text) as components["schemas"]["OrderIn"];
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

const first = await client.POST("/orders", { body: order });
if (!first.data) throw new Error(JSON.stringify(first.error));
const order_id: string = first.data.order_id;

const again = await client.POST("/orders", { body: order });
const conflict = await client.POST("/orders", { body: { ...order, total: "1.00" } });
const wrong = await client.POST("/orders", { body: { ...order, total: "x" } });

if (!("status" in first.data)) throw new Error("the answer to a dry run, which nobody asked for");
let status: components["schemas"]["Status"] = first.data.status;
for (let round = 0; round < 30 && !["CONFIRMED", "REJECTED", "FAILED"].includes(status); round += 1) {
  const shown = await client.GET("/orders/{order_id}", { params: { path: { order_id }, query: { wait: 20 } } });
  if (!shown.data) throw new Error(JSON.stringify(shown.error));
  status = shown.data.status;
}
const page = await client.GET("/orders", { params: { query: { external_id: order.external_id } } });

console.log(
  JSON.stringify({
    first: first.response.status,
    again: again.response.status,
    replayed: again.response.headers.get("Idempotent-Replayed"),
    same: again.data?.order_id === order_id,
    conflict: conflict.response.status,
    conflict_type: conflict.error?.type,
    differences: conflict.error?.differences?.map((difference) => difference.field),
    wrong: wrong.error?.errors.map((error) => error.field),
    status,
    found: page.data?.orders.map((row) => row.order_id === order_id),
    next_cursor: page.data?.next_cursor,
  }),
);
