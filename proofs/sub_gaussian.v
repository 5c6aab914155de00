(* Centred and sub-Gaussian laws on the real line.

     sub_gaussian sigma mu   E e^{tX} <= e^{sigma^2 t^2/2} for every t (variance proxy)
     centred mu              E|X| finite, E X = 0

   Every absolute moment of a sub-Gaussian law is finite
   (sub_gaussian_absolute_moment): |x|^q <= q^q (e^x + e^{-x}). *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds Require Import real_bridges probability_measure.
From AttentionBounds Require power_exponential.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Definition sub_gaussian (sigma : RR) (mu : {measure set RR -> \bar RR}) : Prop :=
  forall t : RR, (\int[mu]_x (rexp (t * x))%:E <= (rexp (sigma ^+ 2 * t ^+ 2 / 2%:R))%:E)%E.

Definition centred (mu : {measure set RR -> \bar RR}) : Prop :=
  mu.-integrable setT (fun x => x%:E) /\ \int[mu]_x x = 0.

Lemma measurable_expr (q : nat) : measurable_fun setT (fun x : RR => x ^+ q).
Proof.
elim: q => [|q IH]; first by rewrite (_ : (fun _ => _) = cst 1) //; exact: measurable_fun_cst.
rewrite (_ : (fun x : RR => x ^+ q.+1) = id \* (fun x => x ^+ q)).
  by apply: measurable_funM => //; exact: measurable_fun_id.
by apply/funext => x; rewrite exprS.
Qed.

Lemma measurable_normr_expr (q : nat) : measurable_fun setT (fun x : RR => `|x| ^+ q).
Proof.
apply: (@measurable_fun_comp _ _ _ _ _ _ (fun x : RR => x ^+ q) setT (@normr _ RR)).
  exact: measurable_expr.
exact: measurable_fun_normr.
Qed.

Section SubGaussian.
Variables (sigma : RR) (mu : {measure set RR -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Hypothesis mu_sub : sub_gaussian sigma mu.

Lemma sub_gaussian_exponential (t : RR) : Pint mu (fun x => rexp (t * x)).
Proof.
split.
  apply/EFin_measurable_fun; apply: (measurable_fun_comp measurable_fun_exp).
  exact: (measurable_funrM t (@measurable_fun_id _ _ _)).
rewrite (eq_integral (fun x => (rexp (t * x))%:E)).
  by apply: le_lt_trans (mu_sub t) _; rewrite ltey.
by move=> x _ /=; rewrite ger0_norm// ltW// rexp_gt0.
Qed.

Theorem sub_gaussian_absolute_moment (q : nat) : Pint mu (fun x => `|x| ^+ q).
Proof.
have I := Pint_lin (q%:R ^+ q : RR) (q%:R ^+ q : RR) (sub_gaussian_exponential 1) (sub_gaussian_exponential (-1)).
apply: (@Pint_dominated _ _ mu mu1 0 _ _ (measurable_normr_expr q) I) => x.
rewrite add0r ger0_norm ?exprn_ge0// RplusE !RmultE mul1r mulN1r.
have := power_exponential.power_le_exponentials x q.
by rewrite !RpowE INRE RmultE RplusE RoppE mulrDr => /RleP.
Qed.

Lemma sub_gaussian_moment (q : nat) : Pint mu (fun x => x ^+ q).
Proof.
apply: (@Pint_dominated _ _ mu mu1 0 _ _ (measurable_expr q) (sub_gaussian_absolute_moment q)) => x.
by rewrite add0r normrX.
Qed.
End SubGaussian.
