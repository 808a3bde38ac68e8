"""What customers share in their rhythms, learnt from earlier days, and how forecasts are judged."""
