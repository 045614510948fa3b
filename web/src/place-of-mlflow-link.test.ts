import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeOfMlflowLink } from './place-of-mlflow-link.ts';

describe("the place of one of MLflow's own addresses", () => {
  it('is the page of the same thing', () => {
    const places = {
      '#/experiments/1/runs/c08764dd70fc7a75646c1ee2d4bc3791': '/runs/c08764dd70fc7a75646c1ee2d4bc3791',
      '#/experiments/1/runs/c0/artifacts/model?x=1': '/runs/c0',
      '#/experiments/12': '/runs?experiment=12',
      '#/experiments/12?searchFilter=&orderBy=x': '/runs?experiment=12',
      '#/experiments': '/runs',
      '#/models': '/models',
      '#/models/a%20b%2Fc': '/models/a%20b%2Fc',
      '#/models/forest/versions/3': '/models/forest/3',
    };
    for (const [hash, place] of Object.entries(places)) assert.equal(placeOfMlflowLink(hash), place, hash);
  });

  it('is nowhere for others', () => {
    for (const hash of ['', '#', '#section', '#/', '#/%E0%A4%A', '#//evil.example/x']) {
      assert.equal(placeOfMlflowLink(hash), null, hash);
    }
  });
});
