import { many } from './many.js';

many(5);
