(* Resampling: replace one of several independent variables by a fresh copy.

   X_0, ..., X_{L-1} are i.i.d. with law mu.  A functional F of sequences is called
   measurable when F(Y_0, Y_1, ...) is a measurable function for all measurable
   Y_0, ..., Y_{L-1} on any measurable space.  For non-negative measurable F

     E F(X_0, ..., X_{L-1}) = E INT F(X_0, ..., x, ..., X_{L-1}) dmu(x),

   x in place i (resample): Tonelli for the joint law of X_i and the others. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From HB Require Import structures.
From AttentionBounds Require Import tonelli real_bridges probability_measure iid_existence laplace_independence.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* the sequence y with x in place i *)
Definition update (T : Type) (i : nat) (x : T) (y : nat -> T) (m : nat) : T :=
  if m == i then x else y m.

Lemma update_same T i (y : nat -> T) : update i (y i) y = y.
Proof. by apply/funext => m; rewrite /update; case: eqP => [->|]. Qed.

Lemma update_update T i x z (y : nat -> T) : update i x (update i z y) = update i x y.
Proof. by apply/funext => m; rewrite /update; case: eqP. Qed.

Lemma update_at T i x (y : nat -> T) : update i x y i = x.
Proof. by rewrite /update eqxx. Qed.

Definition measurable_functional d' (T : measurableType d') (L : nat) (F : (nat -> T) -> RR) : Prop :=
  forall d (S : measurableType d) (Y : nat -> S -> T),
    (forall j, (j < L)%N -> measurable_fun setT (Y j)) ->
    measurable_fun setT (fun s => F (fun j => Y j s)).

Section Resampling.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variable i : nat.
Hypothesis iL : (i < L)%N.
Let mX := proj1 HX.
Let mrest := @measurable_to_rest _ _ _ _ L X i mX.
Let Rest := rest_law HX i.

Let pair (o : Om) : [the measurableType _ of (T * rest_space L X i)%type] := (X i o, @to_rest _ _ _ _ L X i o).
Let mpair : measurable_fun setT pair.
Proof.
apply/prod_measurable_funP; split; first exact: (mX iL).
exact: mrest.
Qed.
Let joint := [the measure _ _ of pushforward P mpair].

Let Rest1 : Rest setT = 1%E. Proof. exact: P1. Qed.
Let sf_mu := probability_sigma_finite mu1.
Let sf_rest := probability_sigma_finite Rest1.

Let joint_product (A : set (T * rest_space L X i)) : measurable A ->
  product_measure1 mu sf_rest A = joint A.
Proof.
apply: (@product_measure_unique _ _ _ _ _ mu Rest sf_mu sf_rest joint) => B E mB mE.
rewrite -(@rest_event_independent _ _ _ _ _ _ P1 mu1 _ _ HX _ iL E B mE mB).
by rewrite /joint /= /pushforward; congr (P _); rewrite predeqE => o; split => [] [].
Qed.

Variable F : (nat -> T) -> RR.
Hypothesis mF : measurable_functional L F.
Hypothesis F0 : forall y, 0 <= F y.

Let f (z : T * rest_space L X i) : RR := F (update i z.1 (fun j => X j z.2)).
Let mf : measurable_fun setT f.
Proof.
apply: (mF (Y := fun j (z : T * rest_space L X i) => update i z.1 (fun j => X j z.2) j)) => j jL.
rewrite /update; case: eqVneq => ji; first exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).1.
apply: (@measurable_fun_comp _ _ _ _ _ _ (X j : rest_space L X i -> T) _ snd).
  exact: measurable_other.
exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).2.
Qed.

Theorem resample :
  (\int[P]_o (F (fun j => X j o))%:E = \int[P]_o \int[mu]_x (F (update i x (fun j => X j o)))%:E)%E.
Proof.
transitivity (\int[joint]_z (f z)%:E)%E.
  rewrite [RHS](@integral_pushforward _ _ _ _ pair mpair RR P (EFin \o f)); last 2 first.
  - exact/EFin_measurable_fun.
  - by move=> z; rewrite /= lee_fin; exact: F0.
  by apply: eq_integral => o _ /=; rewrite /f /= update_same.
transitivity (\int[product_measure1 mu sf_rest]_z (f z)%:E)%E.
  by apply: eq_measure_integral => A mA _; apply/esym; exact: joint_product.
rewrite (@fubini_tonelli2 _ _ _ _ _ mu Rest sf_mu sf_rest (EFin \o f))//; last 2 first.
- exact/EFin_measurable_fun.
- by move=> z; rewrite /= lee_fin; exact: F0.
have mG : measurable_fun setT (fun o : rest_space L X i => \int[mu]_x (EFin \o f) (x, o))%E.
  apply: (@measurable_fun_fubini_tonelli_G _ _ _ _ _ mu sf_mu (EFin \o f)) => //.
  - exact/EFin_measurable_fun.
  - by move=> z; rewrite /= lee_fin; exact: F0.
rewrite (@integral_pushforward _ _ _ _ _ mrest RR P _ mG)//.
by move=> o; apply: integral_ge0 => x _; rewrite /= lee_fin; exact: F0.
Qed.
End Resampling.
