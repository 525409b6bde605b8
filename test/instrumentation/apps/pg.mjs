import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.env.APP_DATABASE_URL })
const { rows } = await pool.query('select $1::int + 1 as answer', [41])
console.log(rows[0].answer)
await pool.end()
