import { render } from 'preact';
import { App } from './app.tsx';
import { startSession } from './api/session.ts';
import { startRouting } from './lib/router.ts';
import './styles/base.css';
import './styles/layout.css';
import './styles/controls.css';
import './styles/content.css';
import './styles/print.css';

const root = document.getElementById('app');
root?.replaceChildren(); // what is there in case this script is not
if (root) render(<App />, root);
startRouting();
void startSession();
