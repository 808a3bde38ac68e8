"""The ranker: how likely each product is in a customer's next basket, learned from the baskets that came before. It
reads purchases only up to the moment of the question, and decides no list."""
