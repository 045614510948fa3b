import { pathPrefix } from './path-prefix.ts';
import { placeOfMlflowLink } from './place-of-mlflow-link.ts';

// The page's content security policy forbids code from text, and zod would try it while its schemas are made. So it
// has to be told before the first module that holds a schema is loaded.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });

const place = placeOfMlflowLink(location.hash);
if (place !== null) history.replaceState(null, '', `${pathPrefix}/ui${place}`);

await import('./start.tsx');
