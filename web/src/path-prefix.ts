/** What stands in front of all paths of this server, behind a reverse proxy; the server writes it into the page. */
export const pathPrefix = document.querySelector('meta[name="flyball-path-prefix"]')?.getAttribute('content') ?? '';
