/** Tells gateways that routes have changed; the payload is the endpoint's id. */
export const ROUTES_CHANGED = 'flyball_serving';
/** Tells the worker that a watermark has moved. */
export const WATERMARK_MOVED = 'flyball_watermark';
/** Tells whoever waits that an endpoint has settled. */
export const ENDPOINT_SETTLED = 'flyball_settled';
