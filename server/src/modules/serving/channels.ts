/**
 * Tells gateways that routes have changed. The payload is the endpoint's id; somebody who waits until the gateway has
 * caught up adds a space and a token.
 */
export const ROUTES_CHANGED = 'flyball_serving';
/** The gateway has caught up; the payload is the token. */
export const GATEWAY_CAUGHT_UP = 'flyball_serving_caught_up';
/** Tells the worker that a watermark has moved. */
export const WATERMARK_MOVED = 'flyball_watermark';
/** Tells whoever waits that an endpoint has settled. */
export const ENDPOINT_SETTLED = 'flyball_settled';
