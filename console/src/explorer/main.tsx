/** @jsxImportSource react */
import { createRoot } from 'react-dom/client';
import '@graphiql/react/dist/style.css';
import 'graphiql/src/style.css';
import './explorer.css';
import { Explorer } from './explorer.tsx';

const root = document.getElementById('explorer');
if (root) createRoot(root).render(<Explorer />);
