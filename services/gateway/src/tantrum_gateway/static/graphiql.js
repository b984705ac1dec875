// Starts GraphiQL on the page at /graphql.
"use strict";

/* global GraphiQL, React, ReactDOM */

const EXAMPLE = `# Calm shows for a four-year-old, and what is like the first of them.
# Ctrl-Enter runs it; Ctrl-Space completes what you type.
{
  shows(first: 5, filter: { maxStimulation: 2, minAge: 4, maxAge: 4 }) {
    totalCount
    nodes {
      slug
      name
      stimulation
      ages { min max }
    }
  }
  show(by: { slug: "bluey" }) {
    name
    similar(first: 3, calmer: true) {
      nodes { name stimulation }
    }
  }
}
`;

const fetcher = GraphiQL.createFetcher({ url: "/graphql" });
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, { fetcher, defaultQuery: EXAMPLE }),
);
