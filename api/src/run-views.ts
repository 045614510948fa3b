import { z } from 'zod';
import { Empty, JsonObject, ProjectParams, Timestamp } from './page.ts';
import { defineRoutes } from './route.ts';

const ViewName = z.string().trim().min(1).max(100);
const LONGEST_ADDRESS = 20_000;

/** A way to look at the table of runs, by name: what the page keeps in its address. */
export const RunView = z
  .object({
    name: ViewName,
    address: JsonObject,
    createdBy: z.string(),
    updatedBy: z.string(),
    updatedAt: Timestamp,
  })
  .meta({ id: 'RunView' });
export type RunView = z.infer<typeof RunView>;

const ViewParams = ProjectParams.extend({ view: ViewName });

/** Saved views of the table of runs. */
export const runViewRoutes = defineRoutes({
  listRunViews: {
    method: 'GET',
    path: '/projects/:project/run-views',
    summary: 'The saved views of the table of runs, by name',
    access: 'viewer',
    params: ProjectParams,
    result: z.object({ items: z.array(RunView) }),
  },
  saveRunView: {
    method: 'PUT',
    path: '/projects/:project/run-views/:view',
    summary: 'Save a view of the table of runs under a name (percent-encoded)',
    access: 'contributor',
    params: ViewParams,
    body: z.object({
      address: JsonObject.refine(
        (address) => JSON.stringify(address).length <= LONGEST_ADDRESS,
        `The address of a view has at most ${LONGEST_ADDRESS} characters as JSON`,
      ),
      /** Without it a view that is there is left alone. */
      replace: z.boolean().default(false),
    }),
    result: RunView,
    errors: ['conflict', 'invalid_input'],
  },
  deleteRunView: {
    method: 'DELETE',
    path: '/projects/:project/run-views/:view',
    summary: 'Delete a saved view of the table of runs',
    access: 'contributor',
    params: ViewParams,
    result: Empty,
    errors: ['not_found'],
  },
});
