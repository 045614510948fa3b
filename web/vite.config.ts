import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = process.env.FLYBALL_URL ?? 'http://127.0.0.1:5050';

export default defineConfig({
  // Relative, because only the server knows the path in front of all others.
  base: './',
  plugins: [react()],
  build: { target: 'es2022', chunkSizeWarningLimit: 1500, sourcemap: false },
  server: { proxy: { '/api': server, '/openapi.json': server, '/health': server, '/metrics': server } },
});
